"""Damage to compressed pixel data: fragments, offset tables, codestreams; and what grows without measure."""

from __future__ import annotations

import re
import struct
import zlib
from random import Random

from .pool import Chosen, Mutated, Pool, fragments
from .seed_images import COLUMNS, ROWS
from .tree import DEFLATED, ITEM, PIXEL_DATA, SEQUENCE_END, Node, Tree, write

SIZES = (0, 1, 2, 11, 13, 255, 256, 0x7FFF, 0x8000, 0xFFFF, 60000, 30000)
BLOCK = 1 << 20


def offsets(pool: Pool) -> Mutated:
    """Offset tables that are wrong, huge, negative, cut, or missing; extended ones too."""
    chosen, rng = pool.fragmented(), pool.rng
    tree = chosen.tree
    items = fragments(tree)
    kind = rng.choice(("random", "reversed", "equal", "too many", "odd size", "huge", "gone", "extended", "extended lengths", "off by"))
    count = max(len(items) - 1, 1)
    true = [sum(8 + len(item.value) for item in items[1 : n + 1]) for n in range(count)]
    table = {
        "random": [rng.choice((0, 1, 8, rng.getrandbits(32))) for _ in range(count)],
        "reversed": true[::-1],
        "equal": [0] * count,
        "too many": [*true, *true],
        "huge": [0xFFFFFFFF] * count,
        "off by": [max(value + rng.choice((-8, -1, 1, 2, 8)), 0) for value in true],
    }.get(kind)
    if table is not None:
        items[0].value = struct.pack(f"<{len(table)}I", *table)
    elif kind == "odd size":
        items[0].value = rng.randbytes(rng.choice((1, 2, 3, 5, 7)))
    elif kind == "gone":
        del items[0]
    else:
        value = b"".join(
            struct.pack("<Q", rng.choice((0, 8, 1 << 63, (1 << 64) - 1, rng.getrandbits(64))))
            for _ in range(rng.choice((1, count, count + 1)))
        )
        tree.put(0x7FE00001 if kind == "extended" else 0x7FE00002, "OV", value[: rng.choice((None, None, 7))])
    return chosen.done(f"offset table {kind}")


def pieces(pool: Pool) -> Mutated:
    """Fragments that are empty, torn, doubled, out of order, too many, unclosed, or claim other lengths."""
    chosen, rng = pool.fragmented(), pool.rng
    node = chosen.tree.find(PIXEL_DATA)
    assert node is not None
    items = fragments(chosen.tree)
    kind = rng.choice(
        (
            "claims",
            "empty",
            "drop",
            "double",
            "shuffle",
            "tear",
            "unclosed",
            "nothing",
            "crowd",
            "strange item",
            "defined",
            "tail",
            "delimiter claims",
        )
    )
    some = rng.choice(items)
    if kind == "claims":
        some.claimed = max(
            rng.choice((0, 1, len(some.value) + 1, len(some.value) - 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, len(some.value) * 2)), 0
        )
    elif kind == "empty":
        for item in items if rng.random() < 0.3 else [some]:
            item.value = b""
    elif kind == "drop":
        items.remove(some)
    elif kind == "double":
        items.insert(rng.randrange(len(items) + 1), some.copy())
    elif kind == "shuffle":
        rng.shuffle(items)
    elif kind == "tear":
        step = rng.choice((1, 2, 7, 64))
        node.children = items[:1] + [
            Node(ITEM, value=item.value[n : n + step]) for item in items[1:] for n in range(0, len(item.value), step)
        ]
    elif kind == "unclosed":
        node.closed = False
    elif kind == "nothing":
        node.children = rng.choice(([], items[:1]))
    elif kind == "crowd":
        node.children = items[:1] + [Node(ITEM, value=rng.choice((b"", b"\xff\xd9")))] * rng.choice((1000, 30_000))
        chosen.tree.put(0x00280008, "IS", rng.choice((b"1", b"2", b"1000", b"30000")))
    elif kind == "strange item":
        some.tag = rng.choice((SEQUENCE_END, 0xFFFEE00D, 0x7FE00010, 0x00080016))
    elif kind == "defined":
        node.undefined = False
    elif kind == "tail":
        chosen.tree.tail = rng.randbytes(rng.choice((1, 7, 8, 100)))
    else:
        node.closed = False
        items.append(Node(SEQUENCE_END, claimed=rng.choice((1, 8, 0xFFFFFFFF))))
    return chosen.done(f"fragments {kind}")


def codestreams(pool: Pool) -> Mutated:
    """Bits inside a compressed image: flipped, cut, doubled, or its markers' lengths and counts changed."""
    chosen, rng = pool.fragmented(), pool.rng
    items = [item for item in fragments(chosen.tree)[1:] if item.value] or fragments(chosen.tree)
    item = rng.choice(items)
    kind = rng.choice(
        ("bits", "bits", "head bits", "head bits", "bytes", "cut", "insert", "marker length", "marker length", "zeros", "swap", "noise")
    )
    item.value = _damaged(bytearray(item.value), kind, rng)
    return chosen.done(f"codestream {kind}")


def _damaged(data: bytearray, kind: str, rng: Random) -> bytes:
    if not data:
        return rng.randbytes(20)
    if kind in ("bits", "head bits"):
        end = len(data) if kind == "bits" else min(len(data), 120)
        for _ in range(rng.choice((1, 1, 2, 5, 30))):
            data[rng.randrange(end)] ^= 1 << rng.randrange(8)
    elif kind == "bytes":
        for _ in range(rng.choice((1, 2, 5))):
            data[rng.randrange(len(data))] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
    elif kind == "cut":
        del data[rng.randrange(len(data)) :]
    elif kind == "insert":
        at = rng.randrange(len(data))
        data[at:at] = rng.randbytes(rng.choice((1, 2, 50)))
    elif kind == "marker length":
        marks = [found.start() for found in re.finditer(rb"\xff[\x4f-\x6f\xc0-\xfe]", bytes(data))]
        at = rng.choice(marks or [0])
        struct.pack_into(">H", data, min(at + 2, max(len(data) - 2, 0)), rng.choice((0, 1, 2, 3, 5, 255, 0x7FFF, 0xFFFF))) if len(
            data
        ) > 4 else None
    elif kind == "zeros":
        at = rng.randrange(len(data))
        data[at : at + 30] = bytes(len(data[at : at + 30]))
    elif kind == "swap":
        half = rng.randrange(len(data))
        return bytes(data[half:] + data[:half])
    else:
        return rng.randbytes(rng.choice((1, 8, 100, 2000)))
    return bytes(data)


def claims(pool: Pool) -> Mutated:
    """A codestream's own header says another size, depth or number of components; sometimes the data set agrees with it."""
    chosen, rng = pool.choose("sized", lambda tree: any(_header(item.value) for item in fragments(tree)[1:])), pool.rng
    node = next(item for item in fragments(chosen.tree)[1:] if _header(item.value))
    kind, at = _header(node.value) or ("jpeg", 0)
    data = bytearray(node.value)
    rows, columns = rng.choice(SIZES), rng.choice(SIZES)
    if kind == "jpeg":
        struct.pack_into(">HH", data, at + 5, rows, columns)
        if rng.random() < 0.3:
            data[at + 4], data[at + 9] = rng.choice((0, 1, 8, 12, 16, 255)), rng.choice((0, 1, 2, 3, 4, 255))
    else:
        wide, tall = (rng.choice((*SIZES, 0x7FFFFFFF, 0xFFFFFFFF)) for _ in range(2)) if rng.random() < 0.3 else (columns, rows)
        struct.pack_into(">II", data, at + 6, wide, tall)
        if rng.random() < 0.4:
            struct.pack_into(">II", data, at + 22, rng.choice((0, 1, 7, wide)), rng.choice((0, 1, 7, tall)))
        if rng.random() < 0.3:
            struct.pack_into(">H", data, at + 38, rng.choice((0, 1, 2, 4, 255, 16384, 0xFFFF)))
    node.value = bytes(data)
    agrees = rng.random() < 0.6
    if agrees:
        order = "<" if chosen.tree.little else ">"
        chosen.tree.put(0x00280010, "US", struct.pack(f"{order}H", rows))
        chosen.tree.put(0x00280011, "US", struct.pack(f"{order}H", columns))
    return chosen.done(f"{kind} claims {rows} x {columns}{', and so does the data set' if agrees else ''}")


def _header(data: bytes) -> tuple[str, int] | None:
    """Where the marker with the size stands: SOF of JPEG and JPEG-LS, SIZ of JPEG 2000."""
    siz = data.find(b"\xff\x51", 0, 200)
    if data[:2] == b"\xff\x4f" and siz > 0 and len(data) > siz + 42:
        return "jpeg 2000", siz
    found = re.search(rb"\xff[\xc0-\xc3\xc5-\xc7\xf7]\x00", data[:800], re.DOTALL) if data[:2] == b"\xff\xd8" else None
    return ("jpeg", found.start()) if found and len(data) > found.start() + 12 else None


def exchange(pool: Pool) -> Mutated:
    """One file's header with another's pixel data, or under another's transfer syntax."""
    chosen, other = pool.fragmented() if pool.rng.random() < 0.7 else pool.image(), pool.fragmented()
    tree = chosen.tree
    kind = pool.rng.choice(("pixels", "syntax", "both", "frames"))
    if kind in ("pixels", "both", "frames"):
        node = other.tree.find(PIXEL_DATA)
        assert node is not None
        if kind == "frames":
            node.children = (node.children or [])[:1] + fragments(tree)[1:] + (node.children or [])[1:]
        tree.elements = [each for each in tree.elements if each.tag != PIXEL_DATA] + [node]
    if kind != "pixels":
        syntax = other.tree.syntax().encode()
        for each in tree.meta:
            if each.tag == 0x00020010 and not tree.deflated:
                each.value = syntax
    return chosen.done(f"{kind} of {other.name}")


def bombs(pool: Pool) -> Mutated:
    """A little that becomes very much: deflated data sets and frames, RLE runs, empty images of claimed size."""
    rng = pool.rng
    kind = rng.choice(("deflated data set", "deflated data set", "deflated frame", "rle", "native", "many frames", "deflated header"))
    if kind in ("deflated data set", "deflated header"):
        chosen = pool.choose("deflated", lambda tree: tree.deflated)
        return _deflated_bomb(chosen, rng, kind)
    chosen = pool.choose(
        f"bomb {kind}",
        lambda tree: tree.syntax().endswith({"deflated frame": ".8.1", "rle": ".2.5"}.get(kind, "")) and bool(tree.find(0x00280010)),
    )
    tree, order = chosen.tree, "<" if chosen.tree.little else ">"
    side = rng.choice((4000, 20000, 46340, 65535))
    for tag in (0x00280010, 0x00280011):
        tree.put(tag, "US", struct.pack(f"{order}H", side))
    if kind == "deflated frame":
        for item in fragments(tree)[1:]:
            item.value = zeros(rng.choice((10, 300, 2000)))
    elif kind == "rle":
        for item in fragments(tree)[1:]:
            item.value = struct.pack("<16I", 2, 64, 64 + 500_000, *[0] * 13) + b"\x81\0" * 500_000
    elif kind == "many frames":
        tree.put(0x00280008, "IS", rng.choice((b"1000", b"100000", b"999999")))
    return chosen.done(f"{kind} of {side} x {side}")


def _deflated_bomb(chosen: Chosen, rng: Random, kind: str) -> Mutated:
    tree = chosen.tree
    tree.deflated = False
    tree.elements = [node for node in tree.elements if node.tag != PIXEL_DATA]
    written, count = write(tree).content, rng.choice((30, 100, 700, 3000))
    begin = write(Tree(tree.begin, tree.meta, [])).content
    head = written[len(begin) :]
    length = rng.choice((count * BLOCK, 0xFFFFFFFE))
    element = struct.pack(
        "<HH2sHI", *((0x7FE0, 0x0010, b"OW", 0) if kind != "deflated header" else (0x0009, 0x1001, b"OB", 0)), length & 0xFFFFFFFE
    )
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(head + element) + packer.flush(zlib.Z_FULL_FLUSH)
    assert tree.syntax() == DEFLATED
    return chosen.done(f"{kind} of {count} MiB", begin + packed + zeros(count))


_ZEROS: list[bytes] = []


def zeros(mebibytes: int) -> bytes:
    """So many MiB of zeros, deflated: one block again and again, as packing them all would take seconds."""
    if not _ZEROS:
        packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
        _ZEROS.append(packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH))
    return _ZEROS[0] * mebibytes + b"\x03\x00"


def pixel_bytes(pool: Pool) -> Mutated:
    """Native pixel data too short, too long, empty, or of another length than the size says."""
    chosen, rng = (
        pool.choose("native", lambda tree: any(node.tag >> 16 == 0x7FE0 and node.children is None for node in tree.elements)),
        pool.rng,
    )
    node = next(node for node in chosen.tree.elements if node.tag >> 16 == 0x7FE0)
    kind = rng.choice(("short", "long", "empty", "claims", "undefined", "other tag", "other vr"))
    if kind == "short":
        node.value = node.value[: rng.randrange(len(node.value) + 1)]
    elif kind == "long":
        node.value = node.value + rng.randbytes(rng.choice((1, 2, ROWS * COLUMNS)))
    elif kind == "empty":
        node.value = b""
    elif kind == "claims":
        node.claimed = rng.choice((0, 1, len(node.value) + 2, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF))
    elif kind == "undefined":
        node.undefined, node.closed = True, rng.random() < 0.5
    elif kind == "other tag":
        node.tag = rng.choice((0x7FE00008, 0x7FE00009, 0x7FE00010))
    else:
        node.vr = rng.choice(("OB", "OW", "OF", "OD", "UN", "US", "LT"))
    return chosen.done(f"pixel data {kind}")
