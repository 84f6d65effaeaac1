"""Values that no scanner should write: numbers, sizes, text, tables, functional groups, positions of a series."""

from __future__ import annotations

import struct
from random import Random

from .pool import Chosen, Mutated, Pool, odd_bytes
from .tree import ITEM, Node, Tree, write

NUMBERS = (
    b"nan", b"NaN", b"inf", b"-inf", b"1e308", b"-1e308", b"1e-320", b"1e400", b"0", b"-0", b"-1", b"", b" ", b"abc", b"1,5",
    b"0x10", b"1_0",
    b"1e", b"++1", b"1\\2\\3\\4\\5\\6\\7\\8", b"\\", b"\\\\", b"9" * 400, b"1e99999999", b"\xd9\xa3", b"2147483648", b"-2147483649", b"1.5",
    b"99999999999999999999", b"0.0000000001", b"1000000", b"1e16", b"1e200",
)  # fmt: skip
DECIMALS = (
    0x00180050, 0x00180080, 0x00180081, 0x00180086, 0x00180088, 0x00181060, 0x00181063, 0x00181164, 0x00200011, 0x00200012, 0x00200013,
    0x00200032, 0x00200037, 0x00200100, 0x00280008, 0x00280030, 0x00280034, 0x00281050, 0x00281051, 0x00281052, 0x00281053, 0x3004000E,
    0x3004000C, 0x00101030, 0x00181074, 0x00181075, 0x00201041, 0x00280006, 0x30060050, 0x3006002A, 0x30060022, 0x0040A30A, 0x003A001A,
    0x60000015, 0x00181602, 0x00181622, 0x00181620,
)  # fmt: skip
SHORTS = (
    0x00280002, 0x00280006, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103, 0x00280120, 0x00280121, 0x60000010,
    0x60000011, 0x60000050, 0x60000051, 0x60000100, 0x60000102, 0x0019100A, 0x003A0005, 0x54001004, 0x00620004, 0x0062000B, 0x0062000E,
    0x00280014, 0x00281101, 0x00281102, 0x00281103, 0x00181310,
)  # fmt: skip
SHORT_VALUES = (0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 32, 64, 255, 256, 4095, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
LONGS = (0x003A0010, 0x00209128, 0x00041200, 0x00041202, 0x00041400, 0x00041420, 0x00209057, 0x00700021, 0x00700022)
DOUBLES = (0x00189087, 0x00189082, 0x00409225, 0x00409224, 0x00189089, 0x00700022, 0x00186024, 0x00186026, 0x0018602C)
CHARSETS = (
    b"ISO_IR 13", b"ISO_IR 100", b"ISO_IR 101", b"ISO_IR 166", b"ISO_IR 192", b"GB18030", b"GBK", b"\\ISO 2022 IR 87", b"\\ISO 2022 IR 149",
    b"\\ISO 2022 IR 58", b"ISO 2022 IR 6\\ISO 2022 IR 159", b"ISO_IR 999", b"utf-8", b"\xff\xfe",
    b"ISO 2022 IR 13\\ISO 2022 IR 87", b"\\\\\\",
    b"ISO_IR 100\\ISO_IR 192", b"idna", b"rot13", b"zlib", b"hex", b"ISO 2022 IR 126",
)  # fmt: skip
TEXTS = (
    0x00100010,
    0x00100020,
    0x0008103E,
    0x00081030,
    0x00080050,
    0x00080080,
    0x00181030,
    0x0020000D,
    0x0020000E,
    0x00080018,
    0x00080060,
    0x00200052,
)


def _set(tree: Tree, tag: int, vr: str, value: bytes, rng: Random) -> None:
    """Into the element wherever it is (nested ones too, most of the time), or a new one at the top level."""
    there = [node for node in tree.walk() if node.tag == tag and node.children is None]
    if there and rng.random() < 0.9:
        for node in there if rng.random() < 0.4 else [rng.choice(there)]:
            node.value = value
    else:
        tree.put(tag, vr, value)


def _count(rng: Random) -> int:
    return rng.choice((1, 1, 1, 2, 4))


def numbers(pool: Pool) -> Mutated:
    """Decimal and integer strings that are no numbers, or none that can be."""
    chosen, rng = pool.image() if pool.rng.random() < 0.6 else pool.tree(), pool.rng
    present = {node.tag for node in chosen.tree.walk()}
    done = []
    for _ in range(_count(rng)):
        tag = rng.choice([tag for tag in DECIMALS if tag in present] or DECIMALS) if rng.random() < 0.8 else rng.choice(DECIMALS)
        values = (
            [rng.choice(NUMBERS)]
            if rng.random() < 0.5
            else [rng.choice((*NUMBERS, b"1", b"0", b"2.5")) for _ in range(rng.choice((2, 3, 6, 7)))]
        )
        value = b"\\".join(values)[:60_000]
        _set(chosen.tree, tag, "DS", value, rng)
        done.append(f"{tag:08X}={value[:40]!r}")
    return chosen.done(", ".join(done))


def doubles(pool: Pool) -> Mutated:
    """Binary numbers: not numbers, infinities, absurd counts, wrong sizes."""
    chosen, rng = pool.tree(), pool.rng
    order = "<" if chosen.tree.little else ">"
    kind = rng.choice(("double", "long"))
    if kind == "double":
        tag = rng.choice(DOUBLES)
        value = struct.pack(f"{order}d", rng.choice((float("nan"), float("inf"), -1.0, 1e308, 5e-324, 0.0))) * rng.choice((1, 1, 3))
        _set(chosen.tree, tag, "FD", value[: rng.choice((None, None, 7, 4, 0))], rng)
    else:
        tag = rng.choice(LONGS)
        value = struct.pack(f"{order}I", rng.choice((0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 100_000_000)))
        _set(chosen.tree, tag, "UL", value[: rng.choice((None, None, 3, 0))], rng)
    return chosen.done(f"{tag:08X} = {value[:16]!r}")


def pixel_sizes(pool: Pool) -> Mutated:
    """Absurd Rows, Columns, NumberOfFrames, SamplesPerPixel, Bits*, PixelRepresentation, PhotometricInterpretation."""
    chosen, rng = pool.image(), pool.rng
    order, done = "<" if chosen.tree.little else ">", []
    for _ in range(_count(rng)):
        kind = rng.random()
        if kind < 0.65:
            tag, vr = rng.choice(SHORTS[:10]) if rng.random() < 0.8 else rng.choice(SHORTS), "US"
            count = rng.choice((1, 1, 1, 1, 0, 2, 3))
            value = b"".join(struct.pack(f"{order}H", rng.choice(SHORT_VALUES)) for _ in range(count)) + rng.choice((b"", b"", b"", b"\0"))
        elif kind < 0.8:
            tag, vr, value = 0x00280008, "IS", rng.choice((*NUMBERS, b"2", b"3", b"100", b"10000", b"999999", b"1000000", b"-5"))
        else:
            tag, vr = 0x00280004, "CS"
            names = (
                b"RGB",
                b"YBR_FULL",
                b"YBR_FULL_422",
                b"YBR_PARTIAL_422",
                b"YBR_PARTIAL_420",
                b"YBR_ICT",
                b"YBR_RCT",
                b"PALETTE COLOR",
                b"MONOCHROME1",
            )
            value = rng.choice((*names, b"ARGB", b"CMYK", b"", b"XYB", b"\xff\xff", b"MONOCHROME2\\RGB"))
        chosen.tree.put(tag, vr, value)
        done.append(f"{tag:08X}={value[:20]!r}")
    return chosen.done(", ".join(done))


def charsets(pool: Pool) -> Mutated:
    """Character sets that aren't those of the text, broken escapes, half characters."""
    chosen, rng = pool.tree(), pool.rng
    if rng.random() < 0.8:
        chosen.tree.put(0x00080005, "CS", rng.choice(CHARSETS))
    texts = (
        b"\x1b$B", b"\x1b$B;3ED", b"\x1b$B;3ED\x1b(B^\x1b$BB@O:", b"\x1b", b"\x1b$)C\xb1\xe8", b"\x1b(J\x5c", b"\xc3\x28",
        b"\xff\xfe\x00", b"\xed\xa0\x80",
        b"\x81", b"A\x1b$)A", b"\x1b-F\xff", b"\xf0\x9f\x98", b"a^b^c^d^e^f=g=h=i=j", b"\x00\x01\x02", b"A\n\r\tB",
        b"<script>alert(1)</script>",
        b"\x1b$(D\x22\x22", b"\x1b$B" * 50, b"\xe4\xf6\xfc", "\u202eabc".encode(), b"\\\\\\", b"../../etc/passwd", b"", b"%s%n{0}",
    )  # fmt: skip
    done = []
    for _ in range(_count(rng)):
        tag, value = rng.choice(TEXTS), rng.choice(texts) + rng.choice((b"", b"", odd_bytes(rng)))
        _set(chosen.tree, tag, "LO", value, rng)
        done.append(f"{tag:08X}={value[:20]!r}")
    return chosen.done(", ".join(done))


def tables(pool: Pool) -> Mutated:
    """Descriptors and data of palettes and look-up tables that don't fit together."""
    chosen, rng = pool.choose("tables", lambda tree: any(node.tag in (0x00281101, 0x00283002) for node in tree.walk())), pool.rng
    order = "<" if chosen.tree.little else ">"
    tags = [
        node.tag
        for node in chosen.tree.walk()
        if node.tag in (*range(0x00281101, 0x00281104), 0x00283002, 0x00283006, *range(0x00281201, 0x00281204))
    ]
    tag = rng.choice(tags)
    if tag in (0x00283006, *range(0x00281201, 0x00281204)):
        value = rng.choice((b"", b"\0", bytes(3), bytes(7), rng.randbytes(64), b"\xff" * 512, bytes(200_000)))
    else:
        values = [rng.choice(SHORT_VALUES) for _ in range(rng.choice((3, 3, 3, 3, 0, 1, 2, 4)))]
        value = struct.pack(f"{order}{len(values)}H", *values)
    for node in chosen.tree.walk():
        if node.tag == tag:
            node.value = value
    return chosen.done(f"{tag:08X}={value[:12]!r}")


def groups(pool: Pool) -> Mutated:
    """Functional groups, and other sequences of images, that don't match the number of frames."""
    chosen, rng = pool.choose("groups", lambda tree: tree.find(0x52009230) is not None), pool.rng
    tree = chosen.tree
    kind = rng.choice(("fewer", "more", "frames", "empty groups", "no shared", "no per frame", "half", "order", "values", "many frames"))
    own = tree.find(0x52009230)
    assert own is not None
    items = own.children or []
    if kind == "fewer":
        own.children = items[: rng.randrange(len(items))]
    elif kind == "more":
        own.children = items * rng.choice((2, 10, 100))
    elif kind == "frames":
        tree.put(0x00280008, "IS", str(rng.choice((0, 1, 2, len(items) + 1, 1000, 100_000, 999_999))).encode())
    elif kind == "empty groups":
        for item in items:
            for group in item.children or []:
                if rng.random() < 0.4:
                    group.children = rng.choice(([], [Node(ITEM, children=[])]))
    elif kind in ("no shared", "no per frame"):
        tree.elements = [node for node in tree.elements if node.tag != (0x52009229 if kind == "no shared" else 0x52009230)]
    elif kind == "half":
        for item in items:
            item.children = [group for group in item.children or [] if rng.random() < 0.6]
    elif kind == "order":
        rng.shuffle(items)
    elif kind == "values":
        _odd_positions([node for node in tree.walk() if node.tag in (0x00200032, 0x00200037, 0x00280030)], rng)
    else:
        _many_frames(chosen, rng)
    return chosen.done(kind)


def _many_frames(chosen: Chosen, rng: Random) -> None:
    """As many groups and frames as files with whole heart cycles have, each of one pixel."""
    tree, count = chosen.tree, rng.choice((300, 1000))
    own, order = tree.find(0x52009230), "<" if chosen.tree.little else ">"
    assert own is not None
    item = (own.children or [Node(ITEM, children=[])])[0]
    own.children = [item] * count
    tree.put(0x00280008, "IS", str(count).encode())
    for tag in (0x00280010, 0x00280011):
        tree.put(tag, "US", struct.pack(f"{order}H", 1))
    for node in tree.elements:
        if node.tag >> 16 == 0x7FE0 and node.children is None:
            node.value = bytes(count * 8)


def _odd_positions(nodes: list[Node], rng: Random) -> None:
    for node in nodes:
        if rng.random() < 0.5:
            parts = node.value.split(b"\\")
            parts[rng.randrange(len(parts))] = rng.choice((*NUMBERS, b"1", b"0", b"0.0001"))
            node.value = b"\\".join(parts)[:200]


def series(pool: Pool) -> Mutated:
    """Positions, orientations, spacings, sizes and UIDs of a series that contradict each other."""
    rng = pool.rng
    seed = pool.of_seed("series", lambda seed: len(seed.trees) > 2)
    tag = rng.choice(
        (0x00200032, 0x00200037, 0x00280030, 0x00280010, 0x0020000E, 0x00080018, 0x00200013, 0x00200052, 0x00281053, 0x00100010, 0x00020010)
    )
    files = {}
    for name, content in seed.files.items():
        tree = seed.tree(name)
        if tree is None or rng.random() < 0.3:
            files[name] = content
            continue
        _contradict(tree, tag, rng)
        files[name] = write(tree).content
    return Mutated(seed.name, files, f"{tag:08X} differs")


def _contradict(tree: Tree, tag: int, rng: Random) -> None:
    if tag == 0x00020010:
        for node in tree.meta:
            node.value = rng.choice((b"1.2.840.10008.1.2.1", b"1.2.840.10008.1.2")) if node.tag == tag else node.value
        return
    if tag == 0x00280010:
        tree.put(tag, "US", struct.pack("<H" if tree.little else ">H", rng.choice((1, 2, 11, 12))))
        return
    node = tree.find(tag)
    if node is None:
        return
    if tag in (0x00200032, 0x00200037, 0x00280030):
        if rng.random() < 0.5:
            _odd_positions([node], rng)
        else:
            count = {0x00200032: 3, 0x00200037: 6, 0x00280030: 2}[tag]
            node.value = b"\\".join(
                f"{rng.choice((0, 1, -1, rng.uniform(-1, 1), rng.uniform(-1e3, 1e3))):.6g}".encode() for _ in range(count)
            )
        return
    node.value = rng.choice((b"", b"1", b"1.2.3", b"-1", node.value, odd_bytes(rng)))
