"""Proof that the decoders of this installation work, in the processes they run in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from medviewer.dicom.codecs.pool import decoders
from medviewer.dicom.codecs.samples import samples


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Whether a decoder works in this installation; ``note`` says what was compared, or what went wrong."""

    name: str
    works: bool
    note: str


def self_test() -> Iterator[SelfTest]:
    """Decode a sample of every compressed form and compare it with the original, pixel for pixel."""
    for sample in samples():
        try:
            values = decoders().decode([bytes(sample.encode(sample.image))], sample.form, sample.transfer_syntax)
        except Exception as error:  # whatever an encoder or decoder raises is the result of the test
            yield SelfTest(sample.name, False, f"failed: {error}")
            continue
        worst = int(np.abs(values.astype(np.int64) - sample.image).max())
        right = "exact" if worst == 0 else f"within {worst} of the original"
        yield SelfTest(sample.name, worst <= sample.tolerance, right)
