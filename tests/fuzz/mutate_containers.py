"""Damage to what holds files: ZIPs, DICOMDIRs, names of files."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from random import Random

from .mutate_pixels import zeros
from .pool import Mutated, Pool
from .tree import ITEM, Node, write

NAMES = (
    "../../outside.dcm", "/etc/passwd", "C:\\windows\\x.dcm", "\\\\host\\share\\x.dcm", "a/" * 200 + "x", "x" * 250, "con.dcm",
    "", " ", ".",
    "a\0b", "a\nb.dcm", "\u202ecod.dcm", "%s%n", "üöä.dcm", "山田.dcm", "DICOMDIR", "a/DICOMDIR", "x.zip", "a//b", "./x", "x\x1b[31m.dcm",
)  # fmt: skip


def zips(pool: Pool) -> Mutated:
    """Bytes of a ZIP: central directory, local headers, members, the end record."""
    rng = pool.rng
    seed = pool.of_seed("zip", lambda seed: any(name.endswith(".zip") for name in seed.files))
    (name,) = seed.files
    content = bytearray(seed.files[name])
    kind = rng.choice(("directory", "local", "end", "cut", "anywhere", "sizes", "method", "flags", "offsets", "prefix", "doubled"))
    entries = _all(content, b"PK\x01\x02")
    if kind == "directory" and entries:
        content[rng.choice(entries) + rng.randrange(4, 46)] = rng.randrange(256)
    elif kind == "local":
        content[rng.choice(_all(content, b"PK\x03\x04") or [0]) + rng.randrange(4, 30)] = rng.randrange(256)
    elif kind == "end":
        at = content.rfind(b"PK\x05\x06")
        content[min(at + rng.randrange(4, 22), len(content) - 1)] = rng.choice((0, 1, 0xFF, rng.randrange(256)))
    elif kind == "cut":
        del content[rng.randrange(len(content)) :]
    elif kind in ("sizes", "method", "flags", "offsets") and entries:
        at, shape, values = {
            "sizes": (rng.choice((20, 24)), "<I", (0, 1, 100, 0x7FFFFFFF, 0xFFFFFFFF, 5000)),
            "method": (10, "<H", (0, 1, 8, 9, 12, 14, 93, 99, 0xFFFF)),
            "flags": (8, "<H", (1, 8, 0x800, 0x40, 0xFFFF)),
            "offsets": (42, "<I", (0, 1, 0xFFFFFFFF, len(content), 100)),
        }[kind]
        struct.pack_into(shape, content, rng.choice(entries) + at, rng.choice(values))
    elif kind == "prefix":
        content[:0] = rng.randbytes(rng.choice((1, 132, 5000)))
    elif kind == "doubled":
        content = content + content
    else:
        for _ in range(rng.randint(1, 5)):
            content[rng.randrange(len(content))] = rng.randrange(256)
    return Mutated(seed.name, {name: bytes(content)}, f"zip {kind}")


def _all(content: bytearray, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


def zip_members(pool: Pool) -> Mutated:
    """ZIPs with odd names, ZIPs within, bombs, very many members, the same name twice, mutated files inside."""
    rng = pool.rng
    chosen = pool.tree()
    content = write(chosen.tree).content
    kind = rng.choice(("names", "nested", "bomb", "crowd", "twice", "empty", "cut inside", "encrypted", "overlap"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))) as archive:
        if kind == "names":
            for name in rng.sample(NAMES, 4):
                archive.writestr(zipfile.ZipInfo(name or "x"), content)
        elif kind == "nested":
            inner = io.BytesIO()
            with zipfile.ZipFile(inner, "w") as second:
                second.writestr("a.dcm", content)
            archive.writestr("inner.zip", inner.getvalue())
            archive.writestr("b.dcm", content)
        elif kind == "crowd":
            for n in range(rng.choice((200, 1500))):
                archive.writestr(f"f{n}", b"x" * (n % 3))
        elif kind == "twice":
            with_warning = zipfile.ZipInfo("a.dcm")
            archive.writestr(with_warning, content)
            archive.filelist.append(archive.filelist[0])
        elif kind == "cut inside":
            archive.writestr("a.dcm", content[: rng.randrange(len(content) + 1)])
        elif kind != "empty":
            archive.writestr("a.dcm", content)
    packed = bytearray(buffer.getvalue())
    if kind == "bomb":
        packed = bytearray(_zip_bomb(rng, content))
    elif kind == "encrypted":
        for at in _all(packed, b"PK\x01\x02"):
            packed[at + 8] |= 1
    elif kind == "overlap":
        for at in _all(packed, b"PK\x01\x02"):
            struct.pack_into("<I", packed, at + 20, len(packed))
    return Mutated(chosen.seed.name, {"study.zip": bytes(packed)}, f"members {kind}")


def _zip_bomb(rng: Random, head: bytes) -> bytes:
    """One member that inflates to GBs, and says so or doesn't."""
    size = rng.choice((20, 100, 1500))
    data = zeros(size) if rng.random() < 0.5 else _stored(head) + zeros(size)
    claimed = rng.choice((size << 20, 1000, 0xFFFFFFFE, 60 << 20))
    name = b"bomb.dcm"
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 33, 0, len(data), claimed, len(name), 0) + name + data
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, 0, len(data), claimed, len(name), 0, 0, 0, 0, 0, 0) + name
    return local + entry + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local), 0)


def _stored(data: bytes) -> bytes:
    """A deflate block that isn't compressed, so that a sound header comes before the zeros."""
    data = data[:60_000]
    return struct.pack("<BHH", 0, len(data), 0xFFFF ^ len(data)) + data


def directories(pool: Pool) -> Mutated:
    """DICOMDIRs whose offsets loop or lead nowhere, whose references leave the folder, whose records lack values."""
    chosen, rng = pool.choose("directory", lambda tree: tree.find(0x00041220) is not None), pool.rng
    sequence = chosen.tree.find(0x00041220)
    assert sequence is not None
    records = sequence.children or []
    kind = rng.choice(("offsets", "references", "types", "drop", "crowd", "values", "empty", "names", "loop"))
    if kind in ("offsets", "loop"):
        for node in chosen.tree.walk():
            if node.tag in (0x00041400, 0x00041420, 0x00041200, 0x00041202) and rng.random() < (0.5 if kind == "offsets" else 1):
                node.value = struct.pack("<I", rng.choice((0, 1, 0xFFFFFFFF, rng.randrange(20_000), 396)) if kind == "offsets" else 396)
    elif kind == "references":
        for node in chosen.tree.walk():
            if node.tag == 0x00041500:
                node.value = rng.choice(REFERENCES)
    elif kind == "types":
        for node in chosen.tree.walk():
            if node.tag == 0x00041430 and rng.random() < 0.5:
                node.value = rng.choice((b"IMAGE", b"PATIENT", b"PRIVATE", b"", b"XXXX", b"SERIES"))
    elif kind == "drop":
        sequence.children = [record for record in records if rng.random() < 0.6]
    elif kind == "crowd":
        sequence.children = records * rng.choice((20, 100))
    elif kind == "values":
        for record in records:
            record.children = [node for node in record.children or [] if rng.random() < 0.8]
    elif kind == "empty":
        sequence.children = rng.choice(([], [Node(ITEM, children=[])]))
    name = "DICOMDIR"
    if kind == "names":
        name = rng.choice(("dicomdir", "DICOMDIR.dcm", "x", "sub/DICOMDIR"))
    files = {key: value for key, value in chosen.seed.files.items() if key != chosen.name}
    return Mutated(chosen.seed.name, {**files, name: write(chosen.tree).content}, f"directory {kind}")


REFERENCES = (
    b"..\\..\\..\\etc\\passwd", b"\\etc\\passwd", b"/etc/passwd", b"C:\\x", b"\\\\host\\share", b"DICOM\\NOPE", b"", b"\\",
    b"DICOMDIR", b"DICOM",
    b"dicom\\im0", b"DICOM\\IM0\\IM0", b"A\0B", b"\xff\xfe", b"A" * 5000, b"..", b".", b"DICOM\\IM0;1", b"CON", b"DICOM\\..\\DICOM\\IM0",
)  # fmt: skip


def names(pool: Pool) -> Mutated:
    """Sound or slightly damaged files under odd names, among files that are something else."""
    rng = pool.rng
    seed, inside = pool.any()
    content = seed.files[inside]
    odd = (
        "no extension",
        "a.DCM ",
        "a\nb.dcm",
        "\udcff\udcfe.dcm",
        "山田太郎.dcm",
        "مريض.dcm",
        "x" * 200,
        "-rf",
        "a.zip",
        "DICOMDIR",
        "a.nii.gz",
        "a.png",
        "~$a",
        "%00",
        "a.dcm.gz",
        "\u202ex",
    )
    files = {rng.choice(odd): content, "Thumbs.db": rng.randbytes(50), "empty": b"", "text.txt": b"hello", ".hidden": content[:200]}
    if rng.random() < 0.3:
        files["a.dcm.gz"] = gzip.compress(content, mtime=0)[: rng.choice((None, None, 50, -3))]
    if rng.random() < 0.1:
        files["bomb.gz"] = gzip.compress(bytes(30 << 20), mtime=0)
    return Mutated(seed.name, files, f"under the name {next(iter(files))!r}")
