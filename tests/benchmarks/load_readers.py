"""One reader of a series, in a process of its own, for load.py: READER FOLDER TRUTH LOSS. Prints JSON last."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests"), str(REPOSITORY)]

import numpy as np  # noqa: E402 - where to find things comes first
from numpy.typing import NDArray  # noqa: E402

Read = Callable[[], tuple[NDArray[np.generic], float | None]]


def ours(folder: Path) -> Read:
    from medviewer.core.progress import Progress
    from medviewer.dicom.codecs.pool import decoders
    from medviewer.dicom.scan import scan
    from medviewer.dicom.volumes import VolumeReader

    decoders().prestart()

    def read() -> tuple[NDArray[np.generic], float | None]:
        began = time.perf_counter()
        arrived: list[float] = []
        (stack,) = scan([folder], Progress()).stacks()
        reader = VolumeReader(stack)
        volume = reader.read(Progress(), lambda _: arrived.append(time.perf_counter() - began) if not arrived else None)
        return volume.stored, arrived[0]

    return read


def with_simpleitk(folder: Path) -> Read:
    import SimpleITK as sitk

    kept = []  # the array is a view of it: a copy wouldn't be fair

    def read() -> tuple[NDArray[np.generic], None]:
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
        kept.append(reader.Execute())
        return sitk.GetArrayViewFromImage(kept[0]), None

    return read


def with_pydicom(folder: Path) -> Read:
    from pydicom import dcmread

    def read() -> tuple[NDArray[np.generic], None]:
        slices = [dcmread(path) for path in folder.iterdir()]
        slices.sort(key=lambda ds: ds.ImagePositionPatient[2])
        volume = np.empty((len(slices), slices[0].Rows, slices[0].Columns), np.uint16)
        for k, ds in enumerate(slices):
            volume[k] = ds.pixel_array
        return volume, None

    return read


def with_dicomsdl(folder: Path) -> Read:
    import dicomsdl

    def read() -> tuple[NDArray[np.generic], None]:
        slices = [dicomsdl.open(str(path)) for path in folder.iterdir()]
        slices.sort(key=lambda ds: ds.ImagePositionPatient[2])
        volume = np.empty((len(slices), slices[0].Rows, slices[0].Columns), np.uint16)
        for k, ds in enumerate(slices):
            ds.copyFrameData(0, volume[k])
        return volume, None

    return read


def check(volume: NDArray[np.generic], truth: NDArray[np.uint16], most_loss: int) -> None:
    """The values are those written, or so near them; SimpleITK gives HU, and baseline JPEG has eight of the twelve bits."""
    some = np.s_[:: max(len(truth) // 10, 1)]
    worst = []
    for intercept, shift in ((0, 0), (-1024, 0), (0, 4), (-1024, 4)):
        expected = (truth[some].astype(np.int32) >> shift) + intercept
        worst.append(int(np.abs(volume[some].astype(np.int32) - expected).max()))
    if min(worst) > most_loss:
        sys.exit(f"what was read is not what was written: it is off by {min(worst)}")


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    if name == "waiting":
        read = ours(folder)
        print("idle", flush=True)
        sys.stdin.readline()
        kept = read()
        print("read", flush=True)
        sys.stdin.readline()
        del kept
        return
    read = {"medviewer": ours, "SimpleITK": with_simpleitk, "pydicom": with_pydicom, "dicomsdl": with_dicomsdl}[name](folder)
    began = time.perf_counter()
    try:
        volume, first = read()
    except Exception as error:
        if name == "medviewer":
            raise
        print(json.dumps({"refused": str(error)[:200]}))  # a peer without a decoder for it
        return
    seconds = time.perf_counter() - began
    check(volume, np.load(sys.argv[3], mmap_mode="r"), int(sys.argv[4]))
    print(json.dumps({"seconds": seconds} | ({} if first is None else {"first": first})))


if __name__ == "__main__":
    main()
