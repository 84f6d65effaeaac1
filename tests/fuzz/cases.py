"""A case is made from the campaign's seed and its number alone, so that it can be made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from . import mutate_containers, mutate_header, mutate_pixels, mutate_values
from .pool import Mutated, Pool
from .seeds import Seed
from .tree import NotSound, parse

Mutator = Callable[[Pool], Mutated]

MUTATORS: dict[str, Mutator] = {
    "header-bytes": mutate_header.header_bytes,
    "any-bytes": mutate_header.any_bytes,
    "lengths": mutate_header.lengths,
    "vrs": mutate_header.vrs,
    "tags": mutate_header.tags,
    "meta": mutate_header.meta,
    "nesting": mutate_header.nesting,
    "truncation": mutate_header.truncation,
    "crowds": mutate_header.crowds,
    "two-files": mutate_header.write_twice,
    "numbers": mutate_values.numbers,
    "doubles": mutate_values.doubles,
    "pixel-sizes": mutate_values.pixel_sizes,
    "charsets": mutate_values.charsets,
    "tables": mutate_values.tables,
    "groups": mutate_values.groups,
    "series": mutate_values.series,
    "offsets": mutate_pixels.offsets,
    "fragments": mutate_pixels.pieces,
    "codestreams": mutate_pixels.codestreams,
    "claims": mutate_pixels.claims,
    "exchange": mutate_pixels.exchange,
    "bombs": mutate_pixels.bombs,
    "pixel-bytes": mutate_pixels.pixel_bytes,
    "zips": mutate_containers.zips,
    "zip-members": mutate_containers.zip_members,
    "directories": mutate_containers.directories,
    "names": mutate_containers.names,
}
OFTEN = ("codestreams", "codestreams", "truncation", "numbers", "lengths", "pixel-sizes", "claims", "any-bytes", "again", "again", "again")
"""Mutators that get more than one share of the cases; ``again`` mutates twice."""
ORDER = (*MUTATORS, *OFTEN)
RARE = {"bombs": 4, "crowds": 2, "zip-members": 2}
"""Mutators that take their time get only every so many-th of their turns; the others go to header bytes."""


@dataclass(frozen=True, slots=True)
class Case:
    """One input: files to write, and where they come from."""

    number: int
    mutator: str
    seed_name: str
    what: str
    files: dict[str, bytes]
    as_folder: bool


_POOLS: dict[int, Pool] = {}


def make_case(seeds: list[Seed], seed: int, number: int, only: tuple[str, ...] = ()) -> Case:
    """The case of a number. ``only``: names of mutators that take turns; empty for all of them."""
    rng = Random(f"{seed}/{number}")
    pool = _POOLS.setdefault(id(seeds), Pool(seeds, rng)).with_rng(rng)
    order = only or ORDER
    name = order[number % len(order)]
    if not only and name in RARE and number // len(order) % RARE[name]:
        name = "header-bytes"
    mutated = _twice(pool) if name == "again" else MUTATORS[name](pool)
    return Case(number, name, mutated.seed, mutated.what, mutated.files, rng.random() < 0.5 or len(mutated.files) > 1)


def _twice(pool: Pool) -> Mutated:
    """What one mutator gives is a seed for another."""
    plain = [name for name in MUTATORS if name not in (*RARE, "zips", "directories", "names")]
    first, second = (
        pool.rng.choice(plain),
        pool.rng.choice(("header-bytes", "any-bytes", "lengths", "numbers", "truncation", "pixel-sizes", "vrs", "tags")),
    )
    mutated = MUTATORS[first](pool)
    trees = {}
    for name, content in mutated.files.items():
        try:
            trees[name] = parse(content)
        except NotSound:
            continue
    again = Pool([Seed(mutated.seed, mutated.files, trees)], pool.rng)
    fits = second in ("header-bytes", "any-bytes") or (
        trees and (second != "pixel-sizes" or all(tree.find(0x00280010) for tree in trees.values()))
    )
    second = second if fits else "any-bytes"
    if not all(mutated.files.values()):
        return mutated
    result = MUTATORS[second](again)
    return Mutated(mutated.seed, result.files, f"{first}: {mutated.what}; {second}: {result.what}")


def place(case: Case, folder: Path) -> Path:
    """Write a case's files below a folder; returns what is to be opened."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if case.as_folder:
        return folder
    return folder / next(iter(case.files))
