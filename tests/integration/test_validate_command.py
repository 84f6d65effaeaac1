"""`medviewer validate` over acquired pairs: the program's own analysis, a child process that compares, tables, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("monai", reason="the extra [train] is not installed")
pytest.importorskip("sklearn", reason="the extra [train] is not installed")
from support.tiny_models import write_tiny_package

from medviewer.app.validate import validate
from medviewer.core.errors import Cancelled, CannotWrite, MedviewerError
from medviewer.core.geometry import Geometry
from medviewer.core.progress import Progress
from medviewer.imaging.nifti import write_nifti

GRID = Geometry.from_axes((40, 48, 44), (-44, -48, -40), np.eye(3), (2, 2, 2))


@pytest.fixture
def pair(tmp_path):
    """A bright lesion in a grey body, drawn exactly, with other numbers than the model's; and the model."""
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in GRID.shape_kji), indexing="ij")
    body = k**2 + j**2 + i**2 < 0.7
    lesion = (k - 0.1) ** 2 + (j + 0.2) ** 2 + (i - 0.2) ** 2 < 0.08
    data = tmp_path / "data"
    data.mkdir()
    write_nifti(data / "one.nii.gz", (400 * body + 600 * lesion).astype(np.int16), GRID)
    write_nifti(data / "one_labels.nii.gz", (40 * (body & ~lesion) + 77 * lesion).astype(np.uint8), GRID)
    (data / "labels.csv").write_text("value,segment\n40,body\n77,lesion\n", encoding="utf-8")
    return data, write_tiny_package(tmp_path / "package", model_id="tiny-segmentation", limit_s=300)


def test_acquired_pairs_are_analysed_by_the_program_and_compared_on_their_grid(pair, tmp_path):
    data, package = pair
    states = []
    found = validate(str(package), data, tmp_path / "out", Progress(states.append))
    figures = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    assert [case["refused"] for case in figures["segmentation"]["cases"]] == [None]
    structures = figures["segmentation"]["structures"]
    assert structures["body"]["dice"]["value"] > 0.97
    assert structures["lesion"]["dice"]["value"] > 0.93
    assert abs(structures["lesion"]["volume_bias_percent"]["value"]) < 12
    assert figures["data"]["kind"] == "pairs"
    assert (tmp_path / "out" / "predictions" / "00" / "result.json").is_file()
    assert any("lesion" in table for table in found.tables)
    assert any("there is one image of one person" in line for line in found.not_done)
    card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
    assert "| lesion |" in card
    assert any(state.left_s is not None for state in states)
    with pytest.raises(CannotWrite):
        validate(str(package), data, tmp_path / "out", Progress())


def test_a_job_that_is_cancelled_while_the_child_works_ends_with_it(pair, tmp_path):
    data, package = pair
    progress = Progress(lambda state: progress.cancel() if (state.fraction or 0) > 0 else None)
    with pytest.raises(Cancelled) as caught:
        validate(str(package), data, tmp_path / "out", progress)
    assert caught.value.exit_code == 130


def test_what_the_child_refuses_is_a_sentence_with_its_exit_code(pair, tmp_path):
    data, package = pair
    (data / "labels.csv").write_text("value,segment\n40,liver\n", encoding="utf-8")
    with pytest.raises(MedviewerError, match="the model has no segment liver") as caught:
        validate(str(package), data, tmp_path / "out", Progress())
    assert caught.value.exit_code == 3


def test_the_command_says_what_is_wrong_in_one_line(pair, tmp_path):
    data, _ = pair
    command = [sys.executable, "-m", "medviewer", "validate", "no-such-model", str(data), "--output", str(tmp_path / "out")]
    outcome = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert outcome.returncode == 4
    assert "There is no model 'no-such-model'" in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
