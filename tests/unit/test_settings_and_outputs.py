"""Settings survive damage; outputs are never written over."""

from __future__ import annotations

import pytest

from medviewer.app.outputs import claim_folder, write_text
from medviewer.core.errors import CannotWrite
from medviewer.library.settings import Settings, load_settings, save_settings, settings_file


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))


def test_settings_come_back_as_saved_and_keep_fields_of_a_newer_version():
    settings = Settings.model_validate({"reader_name": "Dr. Roe", "from_the_future": 3})
    save_settings(settings)
    again = load_settings()
    assert again.reader_name == "Dr. Roe"
    assert again.model_dump()["from_the_future"] == 3


def test_a_broken_settings_file_is_set_aside_and_defaults_are_used():
    settings_file().write_text("{not json")
    assert load_settings() == Settings()
    assert settings_file().with_suffix(".broken.json").read_text() == "{not json"


def test_a_folder_that_holds_anything_is_refused(tmp_path):
    assert claim_folder(tmp_path / "new" / "deep").is_dir()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(CannotWrite, match="already holds files"):
        claim_folder(tmp_path / "used")


def test_an_output_folder_that_is_a_file_is_refused_in_words(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotWrite, match="can't be used"):
        claim_folder(tmp_path / "file")


def test_a_written_text_is_complete_and_never_replaces_another(tmp_path):
    path = write_text(tmp_path / "a.json", "é")
    assert path.read_bytes() == "é".encode()
    with pytest.raises(CannotWrite, match="nothing is ever overwritten"):
        write_text(path, "other")
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.json"]
