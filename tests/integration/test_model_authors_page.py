"""The page for authors of models is run: its commands and its Python in their order, its tables by the manifest's classes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from medviewer.models.manifest import Manifest

PAGE = Path(__file__).parents[2] / "docs" / "model-authors.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_way_from_an_empty_folder_to_an_installed_model_works_as_written(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDVIEWER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MEDVIEWER_MODELS", "")
    monkeypatch.setenv("PYTHONPATH", str(PAGE.parents[1]))
    said = []
    for kind, text in BLOCKS:
        if kind == "python":
            subprocess.run([sys.executable, "-c", text], cwd=tmp_path, check=True)
        elif kind == "sh":
            for line in text.splitlines():
                command = [sys.executable, "-m", *line.split()]
                done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
                assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
                said.append(done.stdout)
    assert "golden passed" in said[1]
    assert "golden passed" in said[4]
    assert "my-brain 0.1.0" in said[5]
    assert [kind for kind, _ in BLOCKS].count("sh") == 2


@pytest.mark.parametrize("text", [text for kind, text in BLOCKS if kind == "toml"])
def test_every_table_is_one_that_a_manifest_may_have(text):
    for table, value in tomllib.loads(text).items():
        found = TypeAdapter(Manifest.model_fields[table].annotation).validate_python(value)
        assert found is not None
