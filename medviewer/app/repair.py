"""What can be done about a series that makes no regular volume, and doing it. The files stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import NoVolume
from medviewer.core.progress import Progress
from medviewer.core.study import Notice, Refused, Stack, StackKind
from medviewer.core.volume import Rescale, Volume
from medviewer.dicom.even_runs import runs_of, split_even
from medviewer.dicom.volumes import VolumeReader
from medviewer.imaging.repair import Plan, plan_even_grid, resample_even

FEWEST_SLICES = 3
_REPAIRABLE = frozenset({"gantry-tilt", "missing-slice", "uneven-spacing"})


class Repair(StrEnum):
    """A way to make volumes of a series: interpolate onto a regular grid, or part it into evenly spaced stacks."""

    RESAMPLE = "resample"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Offer:
    """A repair that would help a stack, and what it would do, as a sentence."""

    repair: Repair
    words: str


def offers(stack: Stack) -> tuple[Offer, ...]:
    """The repairs for a stack; none for one that makes a volume already or whose images aren't parallel."""
    if stack.makes_volume or stack.slices is None or len(stack.images) < FEWEST_SLICES:
        return ()
    if not any(notice.code in _REPAIRABLE for notice in stack.warnings):
        return ()
    found = [Offer(Repair.RESAMPLE, _resample_words(stack, plan_even_grid(stack.slices)))]
    runs = runs_of(stack)
    if len(runs) > 1 and any(len(run) >= FEWEST_SLICES for run in runs):
        counts = ", ".join(str(len(run)) for run in runs[:6]) + (" …" if len(runs) > 6 else "")
        found.append(Offer(Repair.SPLIT, f"Part it into {len(runs)} evenly spaced stacks of {counts} images; nothing is computed."))
    return tuple(found)


def _resample_words(stack: Stack, plan: Plan) -> str:
    count, step = len(plan.heights), plan.geometry.spacing_ijk[2]
    computed = sum(plan.is_computed(k) for k in range(count))
    if plan.is_shifted:
        how = "the shift of the slices is taken out by interpolating within them"
        if count != len(stack.images):
            how += " and between them"
        return f"Interpolate onto {count} slices {step:.2f} mm apart: {how}."
    return f"Interpolate onto {count} slices {step:.2f} mm apart: {computed} of them computed, {count - computed} as acquired."


class ResampledReader:
    """Reads a stack's slices and brings them onto a regular grid; looks like a `VolumeReader` to those who show it.

    volume : allocated at once, filled in place once all slices have been read. loaded : (slices of the grid,) bool.
    computed : (slices of the grid,) True where values were interpolated. skipped : files that couldn't be decoded whole; their
        slices count as missing. failures : why slices of the grid (index k) had to do without an acquired one.
    Raises `NoVolume` for a stack that can't be repaired so.
    """

    def __init__(self, stack: Stack) -> None:
        if stack.slices is None or len(stack.images) < FEWEST_SLICES or len(stack.images) != len(stack.slices.positions_lps):
            raise NoVolume(stack.series_uid or "without a UID", stack.why_not or "its images don't lie parallel at places of their own")
        self.stack = stack
        self.plan = plan_even_grid(stack.slices)
        self._acquired = VolumeReader(_as_stored(stack))
        source = self._acquired.volume
        count = len(self.plan.heights)
        dtype = np.dtype(np.float32) if source.slice_rescales else source.stored.dtype
        self.volume = replace(
            source,
            stored=np.zeros(self.plan.geometry.shape_kji, dtype),
            geometry=self.plan.geometry,
            rescale=Rescale(unit=source.slice_rescales[0].unit) if source.slice_rescales else source.rescale,
            slice_rescales=(),
            source=replace(source.source, sop_instance_uids=self._uids(), frames=(0,) * count),
        )
        self.loaded: NDArray[np.bool_] = np.zeros(count, np.bool_)
        self.computed: NDArray[np.bool_] = np.array([self.plan.is_computed(k) for k in range(count)])
        self.skipped: list[Refused] = []
        self.failures: dict[int, str] = {}

    @property
    def done(self) -> int:
        """How many slices of the grid have been filled."""
        return int(np.count_nonzero(self.loaded))

    def wants(self, k: int) -> None:
        """Nothing comes earlier: all slices are needed first."""

    def read(self, progress: Progress, on_slice: Callable[[int], None] | None = None) -> Volume:
        """Read and resample; ``on_slice(k)`` is called in this thread as slices of the grid are done.

        Raises `Cancelled`, and `NoVolume` when not one slice can be decoded.
        """
        source = self._acquired.read(progress.part(0.0, 0.6))
        self.skipped = list(self._acquired.skipped)
        failed = dict(self._acquired.failures)
        usable = self._acquired.loaded & ~np.isin(np.arange(len(self._acquired.loaded)), list(failed))
        if not usable.any():
            raise NoVolume(self.stack.series_uid or "without a UID", f"none of its slices can be decoded whole: {self.skipped[0].reason}")
        self.computed[:] = [self.plan.is_computed(k, usable) for k in range(len(self.computed))]
        self.failures = {k: failed[n] for k in range(len(self.computed)) for n in self._planned(k) if n in failed}
        stored: NDArray[np.generic] = source.stored
        if source.slice_rescales:
            stored = np.stack([source.real_slice(k) for k in range(len(source.stored))])
        outside = float(stored[usable].min()) if self.volume.padding is None or source.slice_rescales else float(self.volume.padding)

        def done(k: int) -> None:
            self.loaded[k] = True
            if on_slice is not None:
                on_slice(k)

        share = progress.part(0.6, 1.0)
        resample_even(stored, self.plan, self.volume.stored, outside=outside, usable=usable, progress=share, on_slice=done)
        return self.volume

    def _planned(self, k: int) -> tuple[int, ...]:
        """The acquired slices that a slice of the grid is meant to be made from."""
        found = self.plan.neighbours(k)
        return () if found is None else found[:2]

    def _uids(self) -> tuple[str, ...]:
        """Of the image that a slice was acquired as; empty for computed ones."""
        images, found = self.stack.images, []
        for k in range(len(self.plan.heights)):
            near = self.plan.neighbours(k)
            found.append("" if near is None or self.plan.is_computed(k) else images[near[0]].sop_instance_uid)
        return tuple(found)


def resampled_stack(stack: Stack) -> Stack:
    """How the stack is described once it is resampled: a volume with the plan's grid, and a notice that says so."""
    assert stack.slices is not None, "only placed stacks are resampled"
    plan = plan_even_grid(stack.slices)
    said = Notice("resampled", _resample_words(stack, plan).replace("Interpolate", "Interpolated", 1))
    return replace(stack, kind=StackKind.VOLUME, geometry=plan.geometry, why_not=None, warnings=(*stack.warnings, said))


def split_stack(stack: Stack, first_number: int) -> tuple[Stack, ...]:
    """The stack's evenly spaced parts, numbered from ``first_number``."""
    return split_even(stack, range(first_number, first_number + len(runs_of(stack))))


def _as_stored(stack: Stack) -> Stack:
    """The slices as one array, for reading only: the grid is right in number and size, not in distance."""
    slices = stack.slices
    assert slices is not None, "only placed stacks are resampled"
    return replace(
        stack, kind=StackKind.VOLUME, geometry=slices.grid(slices.positions_lps[0], slices.normal, (len(stack.images), *slices.shape))
    )
