"""Rules about the source that no linter knows, each with its reason, and each seen to find an offender."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
from support.source_trees import parsed

ROOT = Path(__file__).parents[2]
TEXTS = {".py", ".toml", ".md", ".sh", ".json", ".lock", ".cfg", ".yml", ".yaml", ".svg", ".qss", ""}
MAX_LINES = 300


@dataclass(frozen=True)
class Rule:
    """What must not be in a file, why, and a piece of source in which it is.

    finds : the lines (from 1) of a file's text that offend.
    applies : whether the rule concerns a file, by its path within the checkout.
    """

    name: str
    reason: str
    finds: Callable[[str], Iterator[int]]
    applies: Callable[[PurePosixPath], bool]
    offender: str

    def __str__(self) -> str:
        return self.name


def in_package(path: PurePosixPath) -> bool:
    return path.suffix == ".py" and path.parts[0] == "medviewer"


def in_room(*rooms: str) -> Callable[[PurePosixPath], bool]:
    return lambda path: in_package(path) and path.parts[1] in rooms


def outside(*places: str) -> Callable[[PurePosixPath], bool]:
    return lambda path: in_package(path) and not any(path.is_relative_to(place) for place in places)


def imports(*modules: str) -> Callable[[str], Iterator[int]]:
    """Finds imports of these modules or of anything inside them."""

    def finds(source: str) -> Iterator[int]:
        for node in ast.walk(parsed(source)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            if any(f"{name}.".startswith(f"{module}.") for name in names for module in modules):
                yield node.lineno

    return finds


def names(*wanted: str) -> Callable[[str], Iterator[int]]:
    """Finds calls of, and classes made from, a plain or dotted name that ends in one of these."""

    def finds(source: str) -> Iterator[int]:
        for node in ast.walk(parsed(source)):
            used: list[ast.expr] = []
            if isinstance(node, ast.Call):
                used = [node.func]
            elif isinstance(node, ast.ClassDef):
                used = node.bases
            for name in used:
                if f".{ast.unparse(name)}".endswith(tuple(f".{want}" for want in wanted)):
                    yield name.lineno

    return finds


def text(pattern: str) -> Callable[[str], Iterator[int]]:
    """Finds lines that match a regular expression."""
    expression = re.compile(pattern)
    return lambda source: (number for number, line in enumerate(source.splitlines(), 1) if expression.search(line))


def swallowed(source: str) -> Iterator[int]:
    """Finds handlers of every exception that do nothing with it."""
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")):
            if all(isinstance(step, ast.Pass | ast.Continue | ast.Return) for step in node.body):
                yield node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node).endswith(("suppress(Exception)", "suppress(BaseException)")):
            yield node.lineno


def beyond_length(source: str) -> Iterator[int]:
    """Finds the first line too many."""
    if len(source.splitlines()) > MAX_LINES:
        yield MAX_LINES + 1


RULES = [
    Rule(
        "no pickle where models run",
        "A pickle from a model's package or process runs its author's code in ours. JSON lines and shared memory don't.",
        imports("pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "multiprocessing.connection", "multiprocessing.managers"),
        in_room("inference", "models"),
        "def late():\n    from pickle import loads",
    ),
    Rule(
        "no pickling queue or pipe where models run",
        "multiprocessing's queues, pipes and pools unpickle whatever the other side sends.",
        imports("multiprocessing", "concurrent.futures.process", "concurrent.futures.ProcessPoolExecutor"),
        in_room("inference"),
        "from multiprocessing import Pipe",
    ),
    Rule(
        "arrays are loaded without pickles",
        "numpy runs code from an object array if it is allowed to.",
        text(r"allow_pickle\s*=\s*True"),
        in_package,
        "numpy.load(path, allow_pickle=True)",
    ),
    Rule(
        "RAS only in the NIfTI reader and writer",
        "Points are LPS everywhere; a second convention in the house is how masks end up mirrored.",
        text(r"(?i)\bras\b|\bras_|_ras\b|_ras_"),
        outside("medviewer/imaging/nifti.py"),
        "point_ras = affine @ index",
    ),
    Rule(
        "no QThread",
        "A QThread collected while running aborts the process; work runs in app.jobs and comes back through one object.",
        names("QThread", "QThreadPool", "QRunnable"),
        in_package,
        "class Loader(QtCore.QThread):\n    pass",
    ),
    Rule(
        "no print",
        "Standard output belongs to results: one stray line breaks --json.",
        names("print"),
        in_package,
        "print('here')",
    ),
    Rule(
        "standard output belongs to the command line",
        "Floors below return values; a model's process that prints would speak into its own protocol.",
        text(r"\bsys\.stdout\b|\bsys\.__stdout__\b"),
        outside("medviewer/cli", "medviewer/inference", "medviewer/training"),
        "sys.stdout.write('here')",
    ),
    Rule(
        "nothing goes over the network",
        "Images are somebody's health: nothing leaves the machine, and nothing is fetched behind the reader's back.",
        imports(
            "socket",
            "http",
            "urllib.request",
            "requests",
            "httpx",
            "ftplib",
            "smtplib",
            "ssl",
            "PySide6.QtNetwork",
            "PySide6.QtWebEngineCore",
        ),
        in_package,
        "from urllib.request import urlopen",
    ),
    Rule(
        "no unfinished code",
        "What is missing is an issue, not a remark in the source.",
        text(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError"),
        in_package,
        "raise NotImplementedError",
    ),
    Rule(
        "no exception disappears",
        "A swallowed exception is a wrong result that looks right.",
        swallowed,
        in_package,
        "try:\n    work()\nexcept Exception:\n    pass",
    ),
    Rule(
        "no long file",
        f"A file of more than {MAX_LINES} lines is two rooms.",
        beyond_length,
        in_package,
        "x = 1\n" * (MAX_LINES + 1),
    ),
    Rule(
        "no path of one machine",
        "What names a folder of the machine it was written on works nowhere else.",
        text(r"(?<![\w.~$}/-])/(?:work|home|Users|mnt|root)/|\b[A-Z]:\\Users\b"),
        lambda path: path.name != Path(__file__).name,
        "data = '/home/" + "someone/scans'",
    ),
]


def tracked_files() -> list[PurePosixPath]:
    """The project's own text files; caches, environments and outputs are none."""
    skipped = {".git", ".venv", "__pycache__", "out", "dist", "build"}
    found = []
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        own = not any(part in skipped or part.endswith(("_cache", ".egg-info")) or part == ".hypothesis" for part in inside.parts)
        if own and path.is_file() and path.suffix in TEXTS:
            found.append(PurePosixPath(inside.as_posix()))
    return found


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_source_keeps_the_rule(rule: Rule) -> None:
    concerned = [path for path in tracked_files() if rule.applies(path)]
    assert concerned, "a rule that concerns no file holds nothing"
    offences = [f"{path}:{line}" for path in concerned for line in rule.finds((ROOT / path).read_text(encoding="utf-8"))]
    assert not offences, f"{rule.name}: {rule.reason}\n" + "\n".join(offences)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_rule_finds_an_offender(rule: Rule) -> None:
    assert list(rule.finds(rule.offender))


def named_files(page: str) -> list[str]:
    """Files and folders of the project that a Markdown page names: relative links, and paths in backticks."""
    links = re.findall(r"\]\((?!\w+:|#)([^)#]+)", page)
    paths = re.findall(r"`([\w.-]+(?:/[\w.-]+)*/[\w.-]*\.(?:py|toml|md|sh|json)|[\w.-]+(?:/[\w.-]+)*/)`", page)
    return links + paths


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md", "docs/packaging.md"])
def test_pages_name_only_what_is_there(page: str) -> None:
    bases = (ROOT, ROOT / "medviewer", (ROOT / page).parent)
    named = named_files((ROOT / page).read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if not any((base / name).exists() for base in bases)] == []


@pytest.mark.parametrize("page", ["docs/training.md", "docs/validation.md"])
def test_pages_on_models_name_only_code_that_is_there(page: str) -> None:
    """They also name what a run writes, which isn't in the checkout; so here only Python files count."""
    bases = (ROOT, ROOT / "medviewer", ROOT / "medviewer/training")
    named = [name for name in named_files((ROOT / page).read_text(encoding="utf-8")) if name.endswith(".py")]
    assert named
    assert [name for name in named if not any((base / name).exists() for base in bases)] == []


def test_every_room_of_training_is_described_once() -> None:
    page = (ROOT / "docs/training.md").read_text(encoding="utf-8")
    table = page.split("## Where things are")[1].split("\n## ")[0]
    described = sorted(name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`([\w.]+)/?`", row))
    inside = [path for path in (ROOT / "medviewer/training").iterdir() if not path.name.startswith("__")]
    assert described == sorted(path.name for path in inside)


def test_a_page_that_names_a_lost_file_is_noticed() -> None:
    assert named_files("See [this](docs/lost.md), `app/lost.py`, `lost/` and [that](https://example.org/x.md).") == [
        "docs/lost.md",
        "app/lost.py",
        "lost/",
    ]


def test_licences_of_everything_locked_are_listed() -> None:
    locks = "".join((ROOT / f"packaging/requirements-{kind}.lock").read_text(encoding="utf-8") for kind in ("test", "train"))
    locks += "".join(re.findall(r'"(torch==[\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8")))  # pinned there alone
    locked: dict[str, set[str]] = {}  # more than one version where it depends on Python's
    for name, version in re.findall(r"^([\w.-]+)==([^ \\;\n]+)", locks, re.M):
        locked.setdefault(name, set()).add(version)
    del locked["onnxruntime"]  # the same as onnxruntime-gpu, for macOS
    assert {"torch", "scikit-learn", "numpy"} <= set(locked)
    page = (ROOT / "docs/licences.md").read_text(encoding="utf-8")
    listed = {name.replace("_", "-"): version for name, version in re.findall(r"^\| ([\w.-]+) \| ([\d.]+) \|", page, re.M)}
    assert set(locked) == set(listed), "run packaging/licences.py"
    assert all(version in locked[name] for name, version in listed.items()), "run packaging/licences.py"
