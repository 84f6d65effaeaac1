"""A CT-like series in any transfer syntax: a body with organs, texture and noise, under headers as scanners write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from support.compressed import rle
from support.scanner_headers import write_scanner_series

JPEG = "1.2.840.10008.1.2.4."
Encode = Callable[[NDArray[np.uint16]], bytes]

SYNTAXES: dict[str, tuple[str, Encode | None]] = {
    "raw": ("1.2.840.10008.1.2.1", None),
    "RLE": ("1.2.840.10008.1.2.5", rle),
    "JPEG lossless SV1": (f"{JPEG}70", lambda image: imagecodecs.jpeg8_encode(image, lossless=True, predictor=1, bitspersample=12)),
    "JPEG-LS": (f"{JPEG}80", lambda image: imagecodecs.jpegls_encode(image)),
    "JPEG 2000 lossless": (
        f"{JPEG}90",
        lambda image: imagecodecs.jpeg2k_encode(image, level=0, codecformat="j2k", reversible=True, bitspersample=12),
    ),
    "JPEG 2000 lossy": (
        f"{JPEG}91",
        lambda image: imagecodecs.jpeg2k_encode(image, level=55, codecformat="j2k", reversible=False, bitspersample=12),
    ),
    "HTJ2K lossless": (f"{JPEG}201", lambda image: imagecodecs.htj2k_encode(image, reversible=True)),
    "JPEG baseline, 8 bits": (f"{JPEG}50", lambda image: imagecodecs.jpeg8_encode((image >> 4).astype(np.uint8), level=90)),
    "JPEG extended, 12 bits": (f"{JPEG}51", lambda image: imagecodecs.jpeg8_encode(image, level=90, bitspersample=12)),
}
LOSSY = frozenset({"JPEG 2000 lossy", "JPEG baseline, 8 bits", "JPEG extended, 12 bits"})


def ct_volume(slices: int, size: int) -> NDArray[np.uint16]:
    """``[k, j, i]`` uint16 of 12 bits, HU + 1024: compresses about as much as a real CT (lossless to half)."""
    random = np.random.default_rng(11)
    j, i = np.mgrid[:size, :size] * (2.0 / size) - 1
    texture = _smooth(random, size)
    volume = np.empty((slices, size, size), np.uint16)
    for k in range(slices):
        turn = 2 * np.pi * k / max(slices, 1)
        values = np.full((size, size), 24.0)
        body = (i / 0.85) ** 2 + (j / 0.62) ** 2 < 1
        values[body] = 1024 + 40
        for centre in (-0.4, 0.4):
            values[((i - centre) / 0.28) ** 2 + ((j + 0.05) / (0.4 + 0.05 * np.sin(turn))) ** 2 < 1] = 1024 - 850
        values[(i / 0.12) ** 2 + ((j - 0.4) / 0.12) ** 2 < 1] = 1024 + 700
        values[body] += np.roll(texture, 3 * k, axis=1)[body] * 30
        noise = random.normal(0, 12, (size, size))
        volume[k] = np.clip(np.rint(values + np.where(body, noise, noise / 4)), 0, 4095)
    return volume


def write_ct_series(folder: Path, volume: NDArray[np.uint16], name: str) -> Path:
    """Write the volume, slice 0 lowest, in the syntax of that name."""
    syntax, encode = SYNTAXES[name]
    for path, image in zip(write_scanner_series(folder, len(volume), size=volume.shape[1]), volume, strict=True):
        ds = pydicom.dcmread(path)
        ds.PixelData = image.astype("<u2").tobytes() if encode is None else encapsulate([bytes(encode(image))])
        if encode is not None:
            ds["PixelData"].VR = "OB"
        if name == "JPEG baseline, 8 bits":
            ds.BitsAllocated = ds.BitsStored = 8
            ds.HighBit = 7
        if name in LOSSY:
            ds.LossyImageCompression = "01"
        ds.file_meta.TransferSyntaxUID = syntax
        ds.save_as(path, enforce_file_format=True)
    return folder


def _smooth(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """A random texture without sharp edges, of unit size."""
    frequencies = np.fft.rfftfreq(size)[None, :] ** 2 + np.fft.fftfreq(size)[:, None] ** 2
    spectrum = np.fft.rfft2(random.normal(size=(size, size))) / (1 + (frequencies * 40**2))
    field = np.fft.irfft2(spectrum, (size, size))
    return np.asarray(field / field.std())
