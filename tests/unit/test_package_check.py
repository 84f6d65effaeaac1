"""Authors are told what is wrong and what is unwise in their packages, one remark for each."""

from __future__ import annotations

import hashlib
import re

import pytest
from support.tiny_classifier import write_tiny_classifier
from support.tiny_models import write_tiny_package

from medviewer.app.check_models import check, pack, verify
from medviewer.core.errors import BadPackage, NoModelFits
from medviewer.core.progress import Progress
from medviewer.models.check import check_package
from medviewer.models.code_check import code_complaint
from medviewer.models.digests import NOT_FILLED_IN, fill_digests
from medviewer.models.skeleton import skeleton_families, write_skeleton


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDVIEWER_MODELS", "")


@pytest.fixture
def folder(tmp_path):
    return write_tiny_package(tmp_path / "tiny")


def changed(folder, old, new):
    path = folder / "model.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def errors(document):
    return [remark.message for package in document.packages for remark in package.remarks if remark.level == "error"]


def test_every_snomed_code_that_pydicom_knows_passes_and_a_changed_digit_does_not():
    concepts = pytest.importorskip("pydicom.sr._concepts_dict").concepts["SCT"]
    values = [value for codes in concepts.values() for value in codes]
    refused = [value for value in values if code_complaint(f"SCT:{value}")]
    assert len(values) > 5000
    assert len(refused) <= 1  # one of pydicom's own is mistyped
    for value in values[::50]:
        for place in range(1, len(value) - 3):
            other = f"{value[:place]}{(int(value[place]) + 1) % 10}{value[place + 1 :]}"
            assert "check digit" in (code_complaint(f"SCT:{other}") or "")
    assert code_complaint("99MINE:ANYTHING") is None
    assert "6 to 18 digits" in (code_complaint("SCT:T-A0100") or "")


def test_a_wrong_code_and_a_text_that_cannot_be_filled_are_errors(folder):
    changed(folder, "SCT:52988006", "SCT:52988007")
    changed(folder, "Body volume {value} mL", "Body volume {valeu} mL")
    package, remarks = check_package(folder)
    assert package is not None
    found = [remark.message for remark in remarks if remark.level == "error"]
    assert len(found) == 3
    assert sum("check digit" in message for message in found) == 2
    assert "finding body-volume: text can't use {valeu}; it may use value" in found


def test_the_golden_answer_is_computed_again_and_compared(folder, tmp_path):
    document = check(str(folder), Progress())
    assert (document.ok, document.exit_code, document.packages[0].golden.passed) == (True, 0, True)
    other = write_tiny_package(tmp_path / "other", thresholds=(0.4, 0.9))
    (folder / "golden" / "output.npz").write_bytes((other / "golden" / "output.npz").read_bytes())
    document = check(str(folder), Progress())
    assert document.exit_code == 5
    assert "computes something else here" in errors(document)[0]
    assert check(str(folder), Progress(), static=True).exit_code == 0


def test_what_is_not_there_is_said_so(tmp_path):
    with pytest.raises(NoModelFits, match="no model 'nope'"):
        check("nope", Progress())
    with pytest.raises(NoModelFits, match="no folder"):
        check(str(tmp_path / "nope"), Progress())
    (tmp_path / "empty").mkdir()
    document = check(str(tmp_path / "empty"), Progress())
    assert document.exit_code == 4
    assert "has no model.toml" in errors(document)[0]


def test_everything_installed_is_verified_and_a_damaged_one_is_named(folder, tmp_path):
    (tmp_path / "home" / "models").mkdir(parents=True)
    folder.rename(tmp_path / "home" / "models" / "tiny")
    assert verify(Progress()).ok
    (tmp_path / "home" / "models" / "tiny" / "card.md").write_text("other\n", encoding="utf-8")
    document = verify(Progress(), static=True)
    assert document.exit_code == 4
    assert "card.md" in errors(document)[0]


def test_digests_are_filled_in_and_nothing_else_changes(folder):
    path = folder / "model.toml"
    right = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"[0-9a-f]{64}", NOT_FILLED_IN, right), encoding="utf-8")
    document = check(str(folder), Progress())
    assert document.ok
    assert "aren't filled in yet" in document.packages[0].remarks[0].message
    assert fill_digests(folder) == []
    assert path.read_text(encoding="utf-8") == right
    (folder / "card.md").write_text("Another card.\n", encoding="utf-8")
    fill_digests(folder)
    assert hashlib.sha256((folder / "card.md").read_bytes()).hexdigest() in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("family", ["segmentation-3d", "classification-2d"])
def test_a_skeleton_lacks_its_network_and_nothing_else(tmp_path, family):
    assert family in skeleton_families()
    folder = tmp_path / "new-model"
    write_skeleton(folder, family, "new-model")
    document = check(str(folder), Progress())
    assert errors(document) == ["Package new-model is not complete: model.onnx is missing."]
    with pytest.raises(BadPackage, match=r"model\.onnx is missing"):
        pack(folder, tmp_path / "x.zip")


def test_a_classifier_of_pictures_is_checked_like_any_other(tmp_path):
    folder = write_tiny_classifier(tmp_path / "c")
    document = check(str(folder), Progress())
    assert (errors(document), document.exit_code) == ([], 0)
    assert document.packages[0].golden.passed
