"""A DICOM file as a tree that may lie: read from a sound file, changed, and written with any length or VR one likes.

Shares nothing with the program's own reader.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
PIXEL_DATA = 0x7FE00010
DEEPEST = 60


class NotSound(Exception):
    """The bytes can't be read as a tree, so they are only mutated as bytes."""


@dataclass(slots=True)
class Node:
    """An element, an item, or a fragment.

    children : items of a sequence, elements of an item, fragments of pixel data; None where ``value`` counts.
    claimed : what is written as length when it isn't the true one. closed : whether a delimiter follows an undefined length.
    """

    tag: int
    vr: str = ""
    value: bytes = b""
    children: list[Node] | None = None
    undefined: bool = False
    claimed: int | None = None
    closed: bool = True

    def copy(self) -> Node:
        children = None if self.children is None else [child.copy() for child in self.children]
        return replace(self, children=children)


@dataclass(slots=True)
class Tree:
    """A whole file. ``begin`` is what stands before the meta information (preamble and DICM, or nothing)."""

    begin: bytes
    meta: list[Node]
    elements: list[Node]
    explicit: bool = True
    little: bool = True
    deflated: bool = False
    tail: bytes = b""

    def copy(self) -> Tree:
        return replace(self, meta=[node.copy() for node in self.meta], elements=[node.copy() for node in self.elements])

    def find(self, tag: int) -> Node | None:
        """The top-level element with a tag."""
        return next((node for node in self.elements if node.tag == tag), None)

    def walk(self) -> Iterator[Node]:
        """Every node, items and fragments included, depth first."""
        waiting = list(reversed(self.elements))
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children or ()))

    def put(self, tag: int, vr: str, value: bytes) -> None:
        """Replace or add a top-level element."""
        self.elements = [node for node in self.elements if node.tag != tag] + [Node(tag, vr, value)]
        self.elements.sort(key=lambda node: node.tag)

    def syntax(self) -> str:
        """The transfer syntax that the meta information names."""
        node = next((node for node in self.meta if node.tag == 0x00020010), None)
        return "" if node is None else node.value.decode("latin-1").strip(" \0")


def parse(content: bytes) -> Tree:
    """Raises `NotSound`."""
    try:
        return _parse(content)
    except (struct.error, IndexError, zlib.error, UnicodeDecodeError) as error:
        raise NotSound from error


def _parse(content: bytes) -> Tree:
    at = 132 if content[128:132] == b"DICM" else 0
    tree = Tree(content[:at], [], [])
    while content[at : at + 2] == b"\x02\x00":
        node, at = _Reader(content, explicit=True, little=True).element(at)
        tree.meta.append(node)
    syntax = tree.syntax()
    body = content[at:]
    if syntax == DEFLATED:
        tree.deflated, body = True, zlib.decompressobj(-zlib.MAX_WBITS).decompress(body)
    tree.little = syntax != EXPLICIT_BE
    tree.explicit = body[4:6].isalpha() and body[4:6].isupper()
    reader, at = _Reader(body, tree.explicit, tree.little), 0
    while at < len(body):
        node, at = reader.element(at)
        if node.tag >> 16 == 0 or node.tag == SEQUENCE_END:
            raise NotSound
        tree.elements.append(node)
    if not tree.elements:
        raise NotSound
    return tree


@dataclass(slots=True)
class _Reader:
    data: bytes
    explicit: bool
    little: bool
    depth: int = 0

    def element(self, at: int) -> tuple[Node, int]:
        order = "<" if self.little else ">"
        group, number = struct.unpack_from(f"{order}HH", self.data, at)
        tag, vr = group << 16 | number, ""
        if self.explicit and group != 0xFFFE:
            vr = self.data[at + 4 : at + 6].decode("ascii")
            if not (vr.isalpha() and vr.isupper()):
                raise NotSound
            wide = vr in LONG
            (length,) = struct.unpack_from(f"{order}{'I' if wide else 'H'}", self.data, at + (8 if wide else 6))
            at += 12 if wide else 8
        else:
            (length,) = struct.unpack_from(f"{order}I", self.data, at + 4)
            at += 8
        return self._content(Node(tag, vr), at, length)

    def _content(self, node: Node, at: int, length: int) -> tuple[Node, int]:
        node.undefined = length == UNDEFINED
        end = len(self.data) if node.undefined else at + length
        if end > len(self.data):
            raise NotSound
        starts_item = self.data[at : at + 4] == (b"\xfe\xff\x00\xe0" if self.little else b"\xff\xfe\xe0\x00")
        if node.tag == ITEM or node.undefined or node.vr == "SQ" or (not node.vr and starts_item):
            self.depth += 1
            if self.depth > DEEPEST:
                raise NotSound
            found = self._children(node, at, end)
            self.depth -= 1
            return found
        node.value = self.data[at:end]
        return node, end

    def _children(self, node: Node, at: int, end: int) -> tuple[Node, int]:
        node.children = []
        stop = ITEM_END if node.tag == ITEM else SEQUENCE_END
        while at < end:
            (tag,) = struct.unpack_from("<I" if self.little else ">I", self.data, at)
            tag = (tag & 0xFFFF) << 16 | tag >> 16 if self.little else tag
            if tag == stop and node.undefined:
                return node, at + 8
            if node.tag == PIXEL_DATA:
                (length,) = struct.unpack_from("<I", self.data, at + 4)
                if at + 8 + length > end or tag != ITEM:
                    raise NotSound
                child, at = Node(tag, value=self.data[at + 8 : at + 8 + length]), at + 8 + length
            else:
                child, at = self.element(at)
            node.children.append(child)
        if node.undefined:
            raise NotSound
        return node, at


@dataclass(slots=True)
class Written:
    """The bytes of a tree, and where in them something begins: (offset, what)."""

    content: bytes
    places: list[tuple[int, str]] = field(default_factory=list)


def write(tree: Tree) -> Written:
    """With its lies. Places of a deflated data set count in its inflated bytes, which follow the meta information."""
    out = bytearray(tree.begin)
    places: list[tuple[int, str]] = [(0, "preamble")] if tree.begin else []
    places += [(128, "prefix")] if tree.begin else []
    writer = _Writer(out, places, explicit=True, little=True)
    for node in tree.meta:
        places.append((len(out), "meta"))
        writer.node(node)
    writer.explicit, writer.little = tree.explicit, tree.little
    begin = len(out)
    for node in tree.elements:
        writer.node(node)
    out += tree.tail
    if tree.deflated:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        packed = packer.compress(bytes(out[begin:])) + packer.flush()
        return Written(bytes(out[:begin]) + packed, [place for place in places if place[0] < begin])
    return Written(bytes(out), places)


@dataclass(slots=True)
class _Writer:
    out: bytearray
    places: list[tuple[int, str]]
    explicit: bool
    little: bool

    def node(self, node: Node, inside: str = "") -> None:
        at = self._head(node)
        begin = len(self.out)
        if node.children is None:
            self.places.append((begin, inside or "value"))
            if inside == "fragment":
                self.places += [(begin + 2, "codestream header"), (begin + 11, "codestream header")]
            self.out += node.value
        else:
            self.places.append((begin, "sequence" if node.tag != ITEM else "item"))
            for number, child in enumerate(node.children):
                self.node(child, ("fragment" if number else "offset table") if node.tag == PIXEL_DATA else "")
        if node.undefined and node.closed:
            self.places.append((len(self.out), "delimiter"))
            self._tag(ITEM_END if node.tag == ITEM else SEQUENCE_END)
            self.out += bytes(4)
        length = UNDEFINED if node.undefined else len(self.out) - begin
        length = length if node.claimed is None else node.claimed
        self._patch(node, at, length)

    def _tag(self, tag: int) -> None:
        self.out += struct.pack("<HH" if self.little else ">HH", tag >> 16, tag & 0xFFFF)

    def _head(self, node: Node) -> int:
        """Writes tag, VR and an empty length; returns where the length stands."""
        self.places.append((len(self.out), "tag"))
        self._tag(node.tag)
        if self.explicit and node.tag >> 16 != 0xFFFE:
            self.places.append((len(self.out), "vr"))
            self.out += (node.vr or "UN").encode("latin-1")[:2]
            if (node.vr or "UN") in LONG:
                self.out += bytes(2)
                self.places.append((len(self.out), "length"))
                self.out += bytes(4)
                return len(self.out) - 4
            self.places.append((len(self.out), "length"))
            self.out += bytes(2)
            return len(self.out) - 2
        self.places.append((len(self.out), "length"))
        self.out += bytes(4)
        return len(self.out) - 4

    def _patch(self, node: Node, at: int, length: int) -> None:
        order = "<" if self.little else ">"
        short = self.explicit and node.tag >> 16 != 0xFFFE and (node.vr or "UN") not in LONG
        struct.pack_into(f"{order}{'H' if short else 'I'}", self.out, at, length & (0xFFFF if short else 0xFFFFFFFF))
