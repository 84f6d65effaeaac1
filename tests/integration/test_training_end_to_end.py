"""From a recipe to a package that the program opens and runs; killed in the middle, the package is the same."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.core.errors import CannotWrite
from medviewer.inference.client import InferenceClient
from medviewer.inference.golden import run_golden
from medviewer.models.check import check_package
from medviewer.resources import resources_folder

pytestmark = pytest.mark.timeout(900)
ROOT = Path(__file__).parents[2]


def shortened(folder: Path, name: str, **fields: str) -> Path:
    """A recipe that comes along, with less to do."""
    lines = (resources_folder() / "recipes" / name).read_text(encoding="utf-8").splitlines()
    for field, value in fields.items():
        assert any(line.startswith(f"{field} =") for line in lines), field
        lines = [f"{value}" if line.startswith(f"{field} =") else line for line in lines]
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def start(recipe: Path, output: Path, *options: str, module: str = "medviewer") -> subprocess.Popen:
    command = [sys.executable, "-m", module, "train", str(recipe), "--output", str(output), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


def ended(process: subprocess.Popen) -> tuple[int, str]:
    _, errors = process.communicate(timeout=600)
    return process.returncode, errors


def wait_for(path: Path, process: subprocess.Popen) -> None:
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return shortened(
        tmp_path_factory.mktemp("recipe"),
        "tiny.toml",
        subjects="subjects = 40",
        epochs="steps = 60",
        check_every="check_every = 20",
        save_every_s="save_every_s = 0.05",
    )


@pytest.fixture(scope="module")
def run(recipe, tmp_path_factory):
    """A run that nobody interrupted, and what it said."""
    output = tmp_path_factory.mktemp("runs") / "whole"
    code, said = ended(start(recipe, output))
    assert code == 0, said
    return output, said


def test_a_run_ends_in_a_package_that_passes_the_check_and_computes_the_same_in_the_host(run):
    package, remarks = check_package(run[0] / "package")
    assert package is not None, remarks
    assert not remarks
    with InferenceClient() as client:
        assert run_golden(client, package, "cpu").passed


def test_it_says_how_far_it_is_and_what_cleaning_left_out(run):
    output, said = run
    assert "left" in said
    assert "5 left out" in said
    dropped = json.loads((output / "cleaning.json").read_text(encoding="utf-8"))["dropped"]
    assert {d["reason"] for d in dropped} == {"not listed", "unlabelled", "unreadable", "duplicate", "subject in two splits"}
    assert (output / "progress.svg").read_text(encoding="utf-8").startswith("<svg")


def test_the_card_and_the_figures_say_the_same(run):
    figures = json.loads((run[0] / "package" / "figures.json").read_text(encoding="utf-8"))
    card = (run[0] / "package" / "card.md").read_text(encoding="utf-8")
    disc = figures["kept"]["classes"]["disc"]
    assert f"| disc | {disc['pictures']} | {disc['auc']['value']:.3f} (" in card
    assert f"On {figures['kept']['pictures']} kept pictures of {figures['kept']['subjects']} subjects" in card
    digests = figures["provenance"]["data_sha256"]
    assert {split: len(each) for split, each in digests.items()} == {s: sum(c.values()) for s, c in figures["cleaning"].items()}
    assert len({digest for each in digests.values() for digest in each}) == sum(len(each) for each in digests.values())
    assert "subject-0002" not in card + json.dumps(figures)  # names of files may be people's


def test_the_network_names_no_folder_of_the_machine_that_made_it(run):
    content = (run[0] / "package" / "model.onnx").read_bytes()
    assert b".py" not in content
    assert str(ROOT).encode() not in content


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_in_the_middle_and_resumed_it_ends_with_the_same_network(recipe, run, tmp_path):
    output = tmp_path / "killed"
    child = start(recipe, output, module="medviewer.training")
    wait_for(output / "checkpoint.pt", child)
    child.send_signal(signal.SIGKILL)
    assert ended(child)[0] == -signal.SIGKILL
    assert not (output / "package").exists()
    code, said = ended(start(recipe, output, "--resume", module="medviewer.training"))
    assert code == 0, said
    assert sha256(output / "package" / "model.onnx") == sha256(run[0] / "package" / "model.onnx")
    assert (output / "progress.jsonl").read_text() == (run[0] / "progress.jsonl").read_text()
    assert ended(start(recipe, output, "--resume", module="medviewer.training"))[1].startswith("This run is finished")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_interrupting_the_command_saves_and_says_how_to_go_on(recipe, tmp_path):
    output = tmp_path / "interrupted"
    command = start(recipe, output)
    wait_for(output / "checkpoint.pt", command)
    command.send_signal(signal.SIGINT)
    code, said = ended(command)
    assert code == 130
    assert "--resume" in said


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_when_the_command_is_killed_its_child_does_not_go_on_alone(recipe, tmp_path):
    output = tmp_path / "orphan"
    command = start(recipe, output)
    wait_for(output / "checkpoint.pt", command)
    command.send_signal(signal.SIGKILL)
    _, said = command.communicate(timeout=120)  # the child holds standard error, so this waits for its end
    assert "Interrupted" in said
    assert not (output / "package").exists()


def test_a_folder_that_holds_anything_is_refused_unless_it_is_resumed(recipe, tmp_path):
    from medviewer.app.train import start_training

    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CannotWrite, match="already holds files"):
        start_training(recipe, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_a_small_segmentation_ends_in_a_package_that_passes_too(tmp_path):
    recipe = shortened(
        tmp_path,
        "tiny-volumes.toml",
        subjects="subjects = 10",
        steps="steps = 6",
        check_every="check_every = 3",
        features="features = [4, 8]",
    )
    code, said = ended(start(recipe, tmp_path / "run", module="medviewer.training"))
    assert code == 0, said
    package, remarks = check_package(tmp_path / "run" / "package")
    assert package is not None, remarks
    with InferenceClient() as client:
        assert run_golden(client, package, "cpu").passed
