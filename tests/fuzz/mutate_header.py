"""Damage to how a file is written: bytes, tags, VRs, lengths, nesting, places where it breaks off."""

from __future__ import annotations

import struct

from .pool import Mutated, Pool, is_sequence, odd_bytes
from .tree import ITEM, ITEM_END, PIXEL_DATA, SEQUENCE_END, Node, Tree, write

LENGTHS = (0, 1, 2, 3, 7, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFF8)
VRS = tuple(
    "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()  # noqa: SIM905
)
DEEP = (10, 24, 25, 26, 200, 1500, 5000, 30000)


def header_bytes(pool: Pool) -> Mutated:
    """Bytes before the pixel data get other values."""
    seed, name = pool.any()
    content = bytearray(seed.files[name])
    end = content.rfind(b"\xe0\x7f\x10\x00")
    end = end if end > 0 else len(content)
    for _ in range(pool.rng.randint(1, 6)):
        content[pool.rng.randrange(max(min(end, len(content)), 1))] = pool.rng.choice(
            (0, 1, 0x7F, 0x80, 0xFF, 0x5C, pool.rng.randrange(256))
        )
    return Mutated(seed.name, {**seed.files, name: bytes(content)}, "header bytes")


def any_bytes(pool: Pool) -> Mutated:
    """Pieces anywhere are overwritten, removed, doubled or put in."""
    rng = pool.rng
    seed, name = pool.any()
    content = bytearray(seed.files[name])
    done = []
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(content) + 1), min(rng.choice((1, 2, 4, 8, 64, 500)), len(content))
        kind = rng.choice(("overwrite", "remove", "double", "insert", "zero"))
        done.append(f"{kind} {length} at {at}")
        if kind == "overwrite":
            content[at : at + length] = rng.randbytes(min(length, len(content) - at))
        elif kind == "remove":
            del content[at : at + length]
        elif kind == "double":
            content[at:at] = content[at : at + length]
        elif kind == "insert":
            content[at:at] = rng.randbytes(length)
        else:
            content[at : at + length] = bytes(min(length, len(content) - at))
        if not content:
            break
    return Mutated(seed.name, {**seed.files, name: bytes(content)}, ", ".join(done))


def lengths(pool: Pool) -> Mutated:
    """Elements, items and fragments claim lengths that aren't theirs."""
    chosen = pool.tree()
    nodes = [*chosen.tree.meta, *chosen.tree.walk()]
    done = []
    for node in pool.rng.sample(nodes, min(len(nodes), pool.rng.choice((1, 1, 1, 2, 5)))):
        true = len(node.value)
        node.claimed = max(pool.rng.choice((*LENGTHS, true + 1, true - 1, true + 2, true * 2, true // 2)), 0)
        done.append(f"{node.tag:08X} claims {node.claimed}")
    return chosen.done(", ".join(done))


def vrs(pool: Pool) -> Mutated:
    """Values under another VR, or under letters that are none."""
    chosen = pool.tree()
    nodes = [node for node in [*chosen.tree.meta, *chosen.tree.walk()] if node.tag >> 16 != 0xFFFE]
    done = []
    for node in pool.rng.sample(nodes, min(len(nodes), pool.rng.choice((1, 1, 2, 8)))):
        node.vr = pool.rng.choice((*VRS, "ZZ", "\0\0", "  ", "xx", "\xff\xff"))
        done.append(f"{node.tag:08X} is {node.vr!r}")
    return chosen.done(", ".join(done))


def tags(pool: Pool) -> Mutated:
    """Elements under other tags, twice, in another order, or gone."""
    chosen, rng = pool.tree(), pool.rng
    elements = chosen.tree.elements
    kind = rng.choice(("rename", "double", "shuffle", "drop", "drop many", "swap values"))
    some = rng.choice(elements)
    if kind == "rename":
        some.tag = rng.choice((rng.choice(elements).tag, 0, 0xFFFFFFFF, PIXEL_DATA, ITEM, ITEM_END, SEQUENCE_END, 0x7FE00008, 0x00280010))
    elif kind == "double":
        elements.insert(rng.randrange(len(elements) + 1), some.copy())
    elif kind == "shuffle":
        rng.shuffle(elements)
    elif kind == "drop":
        elements.remove(some)
    elif kind == "drop many":
        chosen.tree.elements = [node for node in elements if rng.random() < 0.6]
    else:
        other = rng.choice(elements)
        some.value, other.value = other.value, some.value
        some.children, other.children = other.children, some.children
    return chosen.done(f"{kind} {some.tag:08X}")


def meta(pool: Pool) -> Mutated:
    """Preamble, prefix and meta information damaged, absent, or untrue."""
    chosen, rng = pool.tree(), pool.rng
    tree = chosen.tree
    kind = rng.choice(
        ("no preamble", "no meta", "no prefix", "no syntax", "other syntax", "odd syntax", "group length", "big meta", "prefix in data")
    )
    if kind == "no preamble":
        tree.begin = rng.choice((b"", b"DICM", bytes(64)))
    elif kind == "no meta":
        tree.meta = []
        tree.begin = rng.choice((tree.begin, b""))
    elif kind == "no prefix":
        tree.begin = rng.choice((bytes(132), b"DICM" * 33, rng.randbytes(132), bytes(128) + b"DICOM"))
    elif kind == "no syntax":
        tree.meta = [node for node in tree.meta if node.tag != 0x00020010]
    elif kind in ("other syntax", "odd syntax"):
        for node in tree.meta:
            if node.tag == 0x00020010:
                node.value = rng.choice(SYNTAXES) if kind == "other syntax" else odd_bytes(rng)
    elif kind == "group length":
        for node in tree.meta[:1]:
            node.value = struct.pack("<I", rng.choice(LENGTHS))
    elif kind == "big meta":
        tree.meta.append(Node(0x00020102, "OB", bytes(rng.choice((40_000, 70_000, 1_000_000)))))
    else:
        tree.begin, tree.meta = b"", []
        tree.put(0x00080000, "UL", bytes(116) + b"DICM" + bytes(8))
    return chosen.done(kind)


SYNTAXES = tuple(
    f"1.2.840.10008.1.2{tail}".encode()
    for tail in (
        "", ".1", ".2", ".1.99", ".5", ".8.1", ".4.50", ".4.51", ".4.53", ".4.55", ".4.57", ".4.70", ".4.80", ".4.81", ".4.90",
        ".4.91", ".4.92",
        ".4.100", ".4.102", ".4.107", ".4.110", ".4.111", ".4.112", ".4.201", ".4.202", ".4.203", ".4.94", ".6.1", ".4.999", ".1.98",
    )
)  # fmt: skip


def nesting(pool: Pool) -> Mutated:
    """Sequences without end, thousands deep, items where none belong, wrong delimiters."""
    chosen, rng = pool.sequences(), pool.rng
    tree = chosen.tree
    found = [node for node in tree.walk() if is_sequence(node)]
    node = rng.choice(found)
    children = node.children or []
    kind = rng.choice(
        ("no end", "deep", "deep bytes", "empty", "many", "stray", "wrong delimiter", "inner claims", "item outside", "pixel data inside")
    )
    if kind == "no end":
        node.undefined, node.closed = True, False
        for child in children:
            child.undefined, child.closed = rng.random() < 0.5, rng.random() < 0.5
    elif kind in ("deep", "deep bytes"):
        _deepen(tree, node, rng.choice(DEEP), undefined=kind == "deep" or rng.random() < 0.5)
    elif kind == "empty":
        node.children = rng.choice(([], [Node(ITEM, children=[])], [Node(ITEM, children=[]) for _ in range(500)]))
    elif kind == "many":
        node.children = [child for child in children for _ in range(rng.choice((2, 50, 400)))]
    elif kind == "stray":
        place = rng.choice((tree.elements, children))
        place.insert(
            rng.randrange(len(place) + 1), Node(rng.choice((ITEM, ITEM_END, SEQUENCE_END, 0xFFFEFFFF)), value=bytes(rng.choice((0, 4))))
        )
    elif kind == "wrong delimiter":
        node.undefined, node.closed = True, False
        children.append(Node(rng.choice((ITEM_END, 0xFFFEE0DE, 0x00080016)), "UI", claimed=rng.choice((0, 4, 0xFFFFFFFF))))
    elif kind == "inner claims":
        for child in children:
            child.claimed = rng.choice(LENGTHS)
    elif kind == "item outside":
        tree.elements.insert(rng.randrange(len(tree.elements) + 1), Node(ITEM, children=[child.copy() for child in tree.elements[:3]]))
    else:
        inner = Node(PIXEL_DATA, "OB", children=[Node(ITEM, value=bytes(8))], undefined=True)
        (children[0].children if children and children[0].children is not None else children).append(inner)
    return chosen.done(f"{kind} in {node.tag:08X}")


def _deepen(tree: Tree, node: Node, depth: int, *, undefined: bool) -> None:
    """The sequence within itself, so many times; written as bytes, as Python's stack doesn't reach so far."""
    order = "<" if tree.little else ">"
    group, number = node.tag >> 16, node.tag & 0xFFFF
    head = struct.pack(f"{order}HH", group, number) + (b"SQ\0\0" if tree.explicit else b"")
    item, item_end, end = (struct.pack(f"{order}HH", 0xFFFE, low) for low in (0xE000, 0xE00D, 0xE0DD))
    if undefined:
        inside = (item + b"\xff" * 4 + head + b"\xff" * 4) * depth + item + bytes(4)
        inside += (end + bytes(4) + item_end + bytes(4)) * (depth if depth % 2 else 0)
        node.children, node.value, node.undefined, node.claimed = None, inside, False, 0xFFFFFFFF
        return
    step = len(head) + 12
    depth = min(depth, 30000)
    parts = [
        item + struct.pack(f"{order}I", step * n + len(head) + 4) + head + struct.pack(f"{order}I", step * n)
        for n in range(depth - 1, -1, -1)
    ]
    node.children, node.value, node.undefined, node.claimed = None, b"".join(parts), False, None


def truncation(pool: Pool) -> Mutated:
    """The file breaks off at, or just after, the beginning of something."""
    chosen, rng = pool.tree(), pool.rng
    written = chosen.written()
    kinds = sorted({kind for _, kind in written.places})
    kind = rng.choice(kinds) if kinds else "anywhere"
    offsets = [offset for offset, what in written.places if what == kind] or [rng.randrange(len(written.content) + 1)]
    at = max(min(rng.choice(offsets) + rng.choice((0, 1, 2, 3, -1)), len(written.content)), 0)
    return chosen.done(f"cut at {at} in {kind}", written.content[:at])


def crowds(pool: Pool) -> Mutated:
    """Very many private elements, values, or bytes of header."""
    chosen, rng = pool.tree(), pool.rng
    tree = chosen.tree
    kind = rng.choice(("private elements", "values", "long text", "private sequence", "long unknown"))
    if kind == "private elements":
        tree.elements += [Node(0x00110000 | n & 0xFFFF, "LO", b"ab") for n in range(rng.choice((1000, 20_000)))]
    elif kind == "values":
        tag, vr = rng.choice(
            ((0x00280030, "DS"), (0x00200037, "DS"), (0x00080008, "CS"), (0x00281050, "DS"), (0x00080005, "CS"), (0x00100010, "PN"))
        )
        tree.put(tag, "UT" if rng.random() < 0.5 else vr, b"\\".join([rng.choice((b"1", b"0.5", b"A"))] * rng.choice((1000, 30_000))))
    elif kind == "long text":
        tree.put(0x0008103E, "UT", rng.choice((b"A", b"\xe4", b"\x1b$B")) * rng.choice((70_000, 1_000_000)))
    elif kind == "private sequence":
        items = [Node(ITEM, children=[Node(0x00110010, "LO", b"ab")]) for _ in range(rng.choice((1000, 8000)))]
        tree.elements.append(Node(0x00111001, "SQ", children=items, undefined=rng.random() < 0.5))
    else:
        tree.elements.append(Node(0x00111002, "UN", bytes(rng.choice((100_000, 3_000_000)))))
    tree.elements.sort(key=lambda node: node.tag)
    return chosen.done(kind)


def write_twice(pool: Pool) -> Mutated:
    """A file with another one behind it."""
    chosen, other = pool.tree(), pool.tree()
    return chosen.done(f"followed by {other.name}", chosen.written().content + write(other.tree).content)
