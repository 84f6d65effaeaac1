"""Choosing among the seeds: what a mutator gets and gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from .seeds import Seed
from .tree import PIXEL_DATA, Node, Tree, Written, write


@dataclass(slots=True)
class Mutated:
    """Files to open, by relative path, and what was done to them."""

    seed: str
    files: dict[str, bytes]
    what: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """One file of a seed as a tree of its own; `done` puts it back among the seed's other files."""

    seed: Seed
    name: str
    tree: Tree

    def done(self, what: str, content: bytes | None = None) -> Mutated:
        written = write(self.tree).content if content is None else content
        return Mutated(self.seed.name, {**self.seed.files, self.name: written}, what)

    def written(self) -> Written:
        return write(self.tree)


@dataclass(slots=True)
class Pool:
    """The seeds, and which of them have what. ``rng`` is the case's own."""

    seeds: list[Seed]
    rng: Random
    _found: dict[str, list[tuple[Seed, str]]] = field(default_factory=dict)

    def with_rng(self, rng: Random) -> Pool:
        return Pool(self.seeds, rng, self._found)

    def any(self) -> tuple[Seed, str]:
        """Any file of any seed."""
        seed = self.rng.choice(self.seeds)
        return seed, self.rng.choice(sorted(seed.files))

    def choose(self, label: str, fits: Callable[[Tree], bool]) -> Chosen:
        """A file whose tree fits; ``label`` names the condition, so that it is looked up once."""
        if label not in self._found:
            self._found[label] = [(seed, name) for seed in self.seeds for name, tree in sorted(seed.trees.items()) if fits(tree)]
        if not self._found[label]:  # what was mutated before may have none of it left
            return self.choose("tree", lambda tree: True)
        seed, name = self.rng.choice(self._found[label])
        tree = seed.tree(name)
        assert tree is not None
        return Chosen(seed, name, tree)

    def tree(self) -> Chosen:
        return self.choose("tree", lambda tree: True)

    def image(self) -> Chosen:
        return self.choose("image", lambda tree: tree.find(0x00280010) is not None)

    def fragmented(self) -> Chosen:
        return self.choose("fragmented", lambda tree: bool(fragments(tree)))

    def sequences(self) -> Chosen:
        return self.choose("sequences", lambda tree: any(is_sequence(node) for node in tree.elements))

    def of_seed(self, label: str, fits: Callable[[Seed], bool]) -> Seed:
        key = f"seed {label}"
        if key not in self._found:
            self._found[key] = [(seed, "") for seed in self.seeds if fits(seed)]
        return self.rng.choice(self._found[key])[0]


def is_sequence(node: Node) -> bool:
    return node.children is not None and node.tag != PIXEL_DATA and node.tag >> 16 != 0xFFFE


def fragments(tree: Tree) -> list[Node]:
    """Items of encapsulated pixel data, the offset table first; empty when there are none."""
    node = tree.find(PIXEL_DATA)
    return (node.children or []) if node is not None else []


def odd_bytes(rng: Random, most: int = 40) -> bytes:
    return rng.choice((b"", b"\0", b"\xff" * rng.randint(1, most), rng.randbytes(rng.randint(1, most)), b"\\" * rng.randint(1, most)))
