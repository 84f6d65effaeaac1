"""Who may import whom, and that the guard of that rule bites."""

from __future__ import annotations

import json
import pkgutil
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
from support.phantoms import write_phantom

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "medviewer"
WITHOUT_QT = "import sys; sys.modules.update(dict.fromkeys(('PySide6', 'shiboken6', 'pyqtgraph')))\n"
HEAVY = ("onnxruntime", "SimpleITK", "highdicom", "imagecodecs", "nibabel", "pydicom", "PySide6", "pyqtgraph", "torch")
EXTRAS = ("torch", "monai", "onnx", "onnxscript", "scipy", "sklearn")


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, encoding="utf-8", cwd=ROOT)


def modules_outside_the_window() -> list[str]:
    paths = (path.relative_to(ROOT).with_suffix("") for path in sorted(PACKAGE.rglob("*.py")))
    names = (".".join(path.parts).removesuffix(".__init__") for path in paths)
    return [name for name in names if not name.startswith("medviewer.gui") and not name.endswith("__main__")]


def test_every_module_but_the_window_imports_where_qt_is_absent() -> None:
    # torch and its companions come with the extra [train]; where they are absent too, only their own absence is an excuse.
    code = WITHOUT_QT + (
        "import importlib\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ModuleNotFoundError as error:\n"
        f"        if not name.startswith('medviewer.training') or error.name.split('.')[0] not in {EXTRAS}:\n"
        "            raise\n"
    )
    modules = modules_outside_the_window()
    assert {"medviewer.cli.commands", "medviewer.app.session", "medviewer.dicom.scan"} <= set(modules)
    outcome = run_python(code, *modules)
    assert outcome.returncode == 0, outcome.stderr


def test_the_window_is_what_needs_qt() -> None:
    """Otherwise the test above would pass for the wrong reason."""
    outcome = run_python(WITHOUT_QT + "import medviewer.gui.application")
    assert outcome.returncode != 0
    assert "PySide6" in outcome.stderr.splitlines()[-1]


def test_a_series_is_inspected_where_qt_is_absent(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    phantom = write_phantom(folder)
    code = WITHOUT_QT + "sys.argv[0] = 'medviewer'\nfrom medviewer.cli import main\nmain()"
    outcome = run_python(code, "inspect", str(folder), "--json")
    assert outcome.returncode == 0, outcome.stderr
    (patient,) = json.loads(outcome.stdout)["patients"]
    assert patient["studies"][0]["series"][0]["series_uid"] == phantom.series_uid


def test_starting_the_command_line_loads_nothing_heavy() -> None:
    outcome = run_python(f"import sys, medviewer.cli; print(*(name for name in {HEAVY} if name in sys.modules))")
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == ""


def test_every_room_is_on_a_floor() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (floors,) = (contract for contract in contracts if contract["name"] == "floors")
    on_a_floor = {room.strip() for floor in floors["layers"] for room in floor.split("|")}
    rooms = {module.name for module in pkgutil.iter_modules([str(PACKAGE)])} - {"__main__"}
    assert rooms == on_a_floor


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the package in which things can be planted."""
    shutil.copytree(PACKAGE, tmp_path / "medviewer", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sysconfig.get_path("scripts")) / "lint-imports"
    return subprocess.run([command, "--no-cache"], cwd=folder, capture_output=True, text=True, encoding="utf-8")


def test_the_floor_check_passes_as_things_are(copy: Path) -> None:
    outcome = lint_imports(copy)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert " 0 broken" in outcome.stdout


@pytest.mark.parametrize(
    ("room", "planted", "contract"),
    [
        ("app", "import PySide6", "Qt stays in gui"),
        ("app", "from PySide6.QtCore import QObject", "Qt stays in gui"),
        ("imaging", "import qtpy", "Qt stays in gui"),
        ("inference", "import pyqtgraph", "Qt stays in gui"),
        ("app", "def late() -> None:\n    import medviewer.gui", "Qt stays in gui"),
        ("app", "import medviewer.gui", "floors"),
        ("dicom", "import medviewer.imaging", "floors"),
        ("imaging", "from medviewer.dicom import scan", "floors"),
        ("models", "import medviewer.inference", "floors"),
        ("findings", "import medviewer.library", "floors"),
        ("gui", "import medviewer.cli", "floors"),
        ("app", "import medviewer.cli", "floors"),
        ("core", "import medviewer.dicom", "floors"),
        ("core", "import pydicom", "core knows numpy and the standard library alone"),
        ("training.descent", "from medviewer.training.fitting import task", "rooms of training"),
        ("training.pictures", "import medviewer.training.volumes", "rooms of training"),
    ],
)
def test_the_floor_check_refuses_a_planted_import(copy: Path, room: str, planted: str, contract: str) -> None:
    (copy / "medviewer" / room.replace(".", "/") / "planted.py").write_text(f"{planted}\n", encoding="utf-8")
    outcome = lint_imports(copy)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert f"{contract} BROKEN" in outcome.stdout
    assert f"medviewer.{room}.planted" in outcome.stdout
