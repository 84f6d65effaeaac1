"""Packages come in as folders and ZIPs, whole or not at all, and never outside their folder; only a user's own go out."""

from __future__ import annotations

import shutil
import stat
import zipfile

import pytest
from support.tiny_models import write_tiny_package

from medviewer.app.check_models import pack
from medviewer.app.models import add_model, installed_models, list_models, remove_model
from medviewer.core.errors import BadPackage, CannotWrite, NoModelFits
from medviewer.models import archive as archive_module
from medviewer.models.archive import unpack, write_archive


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDVIEWER_MODELS", str(tmp_path / "shared"))
    return tmp_path / "home" / "models"


@pytest.fixture
def package(tmp_path):
    return write_tiny_package(tmp_path / "source", model_id="tiny")


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in members:
            opened.writestr(name, content)
    return path


def test_a_folder_is_copied_without_its_hidden_files_and_listed(package, home):
    (package / ".DS_Store").write_bytes(b"x")
    added = add_model(package)
    assert added.folder == home / "tiny"
    assert not (home / "tiny" / ".DS_Store").exists()
    assert [(m.id, m.bundled, m.why_not) for m in list_models().models if not m.bundled] == [("tiny", False, None)]
    assert [path.name for path in home.iterdir()] == ["tiny"]


@pytest.mark.parametrize("inside", ["", "anything/"])
def test_a_zip_is_taken_apart_whether_or_not_it_has_a_folder_of_its_own(package, tmp_path, inside):
    members = [(inside + path.relative_to(package).as_posix(), path.read_bytes()) for path in package.rglob("*") if path.is_file()]
    assert add_model(zipped(tmp_path / "p.zip", members)).id == "tiny"


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "C:/evil.txt", "..\\evil.txt", "a//evil.txt", "./evil.txt"]
)
def test_a_zip_whose_members_lead_elsewhere_is_refused_and_nothing_is_written(tmp_path, name, home):
    content = zipped(tmp_path / "p.zip", [("model.toml", b"x")])
    with zipfile.ZipFile(content, "a") as opened:
        entry = zipfile.ZipInfo("q")
        entry.filename = name
        opened.writestr(entry, b"evil")
    with pytest.raises(BadPackage, match="leads out of the package"):
        add_model(content)
    assert not list(tmp_path.rglob("evil.txt"))
    assert list(home.iterdir()) == []


def test_links_and_doubles_in_a_zip_are_refused(tmp_path):
    link = zipfile.ZipInfo("model.onnx")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "l.zip", "w") as opened:
        opened.writestr(link, "/etc/passwd")
    with pytest.raises(BadPackage, match="is a link"):
        unpack(tmp_path / "l.zip", tmp_path / "l")
    with pytest.raises(BadPackage, match="is there twice"):
        unpack(zipped(tmp_path / "d.zip", [("model.toml", b"a"), ("Model.toml", b"b")]), tmp_path / "d")


def test_a_zip_is_measured_while_it_is_unpacked_whatever_it_says_of_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_module, "MOST_BYTES", 1000)
    with pytest.raises(BadPackage, match="larger than"):
        unpack(zipped(tmp_path / "p.zip", [("model.toml", bytes(2000))]), tmp_path / "out")
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("model.toml", bytes(5000))
    content = bytearray(path.read_bytes())
    for at in (content.index(b"PK\x03\x04") + 22, content.index(b"PK\x01\x02") + 24):
        content[at : at + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(BadPackage):
        unpack(path, tmp_path / "liar")
    monkeypatch.setattr(archive_module, "MOST_FILES", 3)
    with pytest.raises(BadPackage, match="at most 3"):
        unpack(zipped(tmp_path / "m.zip", [(f"f{n}", b"") for n in range(4)]), tmp_path / "many")


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_is_refused_in_words(tmp_path, content):
    (tmp_path / "p.zip").write_bytes(content)
    with pytest.raises(BadPackage, match=r"no ZIP that can be read"):
        add_model(tmp_path / "p.zip")


def test_a_damaged_package_is_refused_and_leaves_nothing(package, home):
    (package / "model.onnx").write_bytes(b"x")
    with pytest.raises(BadPackage, match="damaged"):
        add_model(package)
    assert list(home.iterdir()) == []


def test_an_id_that_is_there_needs_replace_and_the_old_one_stays_when_the_new_is_bad(package, tmp_path, home):
    add_model(package)
    other = write_tiny_package(tmp_path / "other", model_id="tiny", thresholds=(0.1, 0.6))
    with pytest.raises(CannotWrite, match="--replace"):
        add_model(other)
    assert installed_models().get("tiny").sha256 != add_model(other, replace=True).sha256
    kept = installed_models().get("tiny").sha256
    (package / "card.md").unlink()
    with pytest.raises(BadPackage):
        add_model(package, replace=True)
    assert installed_models().get("tiny").sha256 == kept
    assert [path.name for path in home.iterdir()] == ["tiny"]


def test_a_bundled_models_id_is_refused(tmp_path):
    with pytest.raises(BadPackage, match="came with the program"):
        add_model(write_tiny_package(tmp_path / "b", model_id="brain-structures"), replace=True)


def test_only_a_users_own_packages_are_removed_also_broken_ones(package, tmp_path, home):
    with pytest.raises(CannotWrite, match="came with the program"):
        remove_model("brain-structures")
    with pytest.raises(NoModelFits, match="no model 'tiny'"):
        remove_model("tiny")
    shutil.copytree(package, tmp_path / "shared" / "tiny")
    with pytest.raises(CannotWrite, match="only reads"):
        remove_model("tiny")
    with pytest.raises(CannotWrite, match="only reads"):
        add_model(package, replace=True)
    shutil.rmtree(tmp_path / "shared")
    add_model(package)
    (home / "tiny" / "model.onnx").unlink()
    assert [broken.folder for broken in list_models().broken] == [str(home / "tiny")]
    assert remove_model("tiny") == home / "tiny"
    assert list(home.iterdir()) == []


def test_the_same_files_make_the_same_zip_and_the_zip_installs(package, tmp_path):
    first, _ = pack(package, tmp_path / "a.zip")
    for path in package.rglob("*"):
        path.touch()
    second, _ = pack(package, tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["card.md", "golden/input.npz", "golden/output.npz", "model.onnx", "model.toml"]
    assert add_model(first).id == "tiny"
    with pytest.raises(CannotWrite, match="there already"):
        pack(package, tmp_path / "a.zip")


def test_a_package_with_a_link_is_not_packed(package, tmp_path):
    (package / "more.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadPackage, match="link"):
        write_archive(package, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
