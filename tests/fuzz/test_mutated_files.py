"""Two thousand mutated files of every syntax and kind: none takes the program down, and every refusal is a sentence.

``python -m tests.fuzz --cases 100000`` runs as many as one likes, and keeps what fails.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from .campaign import FAILURES, Campaign
from .cases import MUTATORS, ORDER, make_case
from .seeds import read_seeds, write_seeds
from .sentences import Said

CASES, SEED = 2000, 20260125
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory and processor time of a case are read from /proc")


@pytest.mark.timeout(600)
def test_two_thousand_mutated_files_are_opened_or_refused(tmp_path: Path) -> None:
    with Campaign(SEED, kept=tmp_path / "kept") as campaign:
        tally = campaign.run(CASES, jobs=2)
    failures = "\n".join(f"{row['verdict']} {row['mutator']} {row['number']} {row['seed']}: {row.get('error')}" for row in tally.failures)
    assert not tally.failures, f"{tally.table()}\n{failures}\n(python -m tests.fuzz --seed {SEED} --cases {CASES} keeps the files)"
    assert tally.total.total() == CASES
    assert tally.total["fine"] > CASES / 10
    assert tally.total["refused"] > CASES / 10
    assert set(tally.counts) == set(ORDER)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("seeds")
    digest = write_seeds(folder, None)
    return folder, digest, read_seeds(folder)


def test_seeds_are_the_same_bytes_every_time(seeds, tmp_path: Path) -> None:
    assert write_seeds(tmp_path, None) == seeds[1]


def test_a_case_is_made_again_from_its_number(seeds) -> None:
    again = read_seeds(seeds[0])
    for number in range(0, 400, 7):
        first, second = make_case(seeds[2], 3, number), make_case(again, 3, number)
        assert (first.what, first.files) == (second.what, second.files)


@pytest.mark.parametrize("name", sorted(MUTATORS))
def test_mutator_changes_what_it_gets(seeds, name: str) -> None:
    by_name = {seed.name: seed.files for seed in seeds[2]}
    made = [make_case(seeds[2], 4, number, (name,)) for number in range(8)]
    assert any(case.files != by_name[case.seed_name] for case in made)


def test_planted_defects_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that raises, crashes, hangs, takes memory or speaks in riddles is seen to do so."""
    monkeypatch.setattr("fuzz.campaign.TIME_LIMIT_S", 1.0)
    with Campaign(5, only=("header-bytes",), kept=tmp_path / "kept", program="fuzz.planted") as campaign:
        tally = campaign.run(6, jobs=1)
    assert [row["verdict"] for row in tally.failures] == ["DEFECT", "CRASH", "HANG", "MEMORY", "DEFECT"]
    assert set(FAILURES) == {row["verdict"] for row in tally.failures}
    kept = sorted((tmp_path / "kept").glob("*/case.json"))
    assert [json.loads(path.read_text())["verdict"] for path in kept] == ["CRASH", "DEFECT", "DEFECT", "HANG", "MEMORY"]


@pytest.mark.parametrize(
    ("text", "is_whole", "fault"),
    [
        ("its pixel data is empty", False, None),
        ("a.dcm could not be decoded: its pixel data is empty.", True, None),
        ("b.dcm could not be decoded: its pixel data is empty.", True, "names neither"),
        ("a.dcm could not be decoded", True, "no whole sentence"),
        ("'NoneType' object has no attribute 'x'", False, "innards"),
        ("cannot reshape array of size 4 into shape (2,3)", False, "innards"),
        ("File name in directory 'x' and header b'y' differ", False, "innards"),
        ("two\nlines", False, "control characters"),
        ("it belongs to Planted^Name", False, "names the patient"),
        ("", False, "letters long"),
    ],
)
def test_sentences_are_judged(text: str, is_whole: bool, fault: str | None) -> None:
    found = Said("refused", text, is_whole, ("a.dcm",) if is_whole else ()).fault(("Planted^Name",))
    assert (found is None) if fault is None else (found is not None and fault in found)
