"""The chest networks from packed radiographs, with PyTorch, NumPy and SciPy alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra [train] is not installed")
pytest.importorskip("scipy", reason="the extra [train] is not installed")

from medviewer.training.fitting.checkpoint import load_checkpoint  # noqa: E402
from medviewer.training.sprint.chest_pack import unpack_chest, write_chest  # noqa: E402
from medviewer.training.sprint.packed_file import read_pack  # noqa: E402
from tests.support.bare_machine import sprint_on_a_bare_machine  # noqa: E402
from tests.support.tiny_chests import tiny_chest_recipe, tiny_chests  # noqa: E402


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    others = np.random.default_rng(1).integers(0, 256, (4, 128, 128), dtype=np.uint8)
    (path,) = write_chest(tiny_chest_recipe(), tiny_chests(), others, tmp_path_factory.mktemp("chests") / "chests.npz")
    return path, others


def test_packed_pictures_are_those_that_were_read_to_the_last_bit(packed):
    recipe, pictures, others = unpack_chest(read_pack([packed[0]]))
    expected = tiny_chests()
    assert np.array_equal(pictures.pictures, expected.pictures)
    assert np.array_equal(pictures.masks, expected.masks)
    assert pictures.cases == expected.cases
    assert np.array_equal(others, packed[1])
    assert recipe.reader.strength == tiny_chest_recipe().reader.strength


def test_both_networks_are_trained_in_two_pieces_and_left_as_packaging_reads_them(packed, tmp_path):
    assert sprint_on_a_bare_machine("chest_sprint.sprint_chest", packed[0], tmp_path, 0, 45).endswith("unfinished\n")
    assert (tmp_path / "finder" / "checkpoint.pt").exists()
    said = sprint_on_a_bare_machine("chest_sprint.sprint_chest", packed[0], tmp_path, 45, 1000)
    assert said.endswith("finished\n")
    for name in ("finder", "reader"):
        state = load_checkpoint(tmp_path / name)
        assert state["step"] > 0
        assert all(bool(values.isfinite().all()) for values in state["best"].values())
        rows = [json.loads(line) for line in (tmp_path / f"{name}-progress.jsonl").read_text(encoding="utf-8").splitlines()]
        assert rows[-1]["progress"] == 1
    assert max(path.stat().st_size for path in Path(tmp_path).rglob("*") if path.is_file()) < 16_000_000
