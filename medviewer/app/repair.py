"""What can be done about a series that makes no regular volume, and doing it. The files stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medviewer.core.errors import NoVolume
from medviewer.core.geometry import ParallelSlices
from medviewer.core.progress import Progress
from medviewer.core.spacing import even_runs
from medviewer.core.study import Notice, Refused, Stack, StackKind
from medviewer.core.volume import Rescale, Volume
from medviewer.dicom.stacks.even_runs import runs_of, split_even
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
    if stack.makes_volume or stack.slices is None or not FEWEST_SLICES <= len(stack.images) == len(stack.slices.positions_lps):
        return ()
    if not any(notice.code in _REPAIRABLE for notice in stack.warnings):
        return ()
    return _offers(stack.slices)


@lru_cache(maxsize=64)
def _offers(slices: ParallelSlices) -> tuple[Offer, ...]:
    """Remembered, as menus ask for it often."""
    plan, runs = plan_even_grid(slices), even_runs(slices.heights_mm)
    found = [Offer(Repair.RESAMPLE, _resample_words(plan))] if plan is not None else []
    if len(runs) > 1 and any(len(run) >= FEWEST_SLICES for run in runs):
        counts = ", ".join(str(len(run)) for run in runs[:6]) + (" …" if len(runs) > 6 else "")
        found.append(Offer(Repair.SPLIT, f"Part it into {len(runs)} evenly spaced stacks of {counts} images; nothing is computed."))
    return tuple(found)


def _resample_words(plan: Plan) -> str:
    count, step = len(plan.heights), plan.geometry.spacing_ijk[2]
    if plan.is_shifted:
        where = "within them and between them" if count != len(plan.acquired_heights) else "within them"
        return f"Interpolate onto {count} slices {step:.2f} mm apart: the shift of the slices is taken out by interpolating {where}."
    computed = int(np.count_nonzero(plan.computed()))
    return f"Interpolate onto {count} slices {step:.2f} mm apart: {computed} of them computed, {count - computed} as acquired."


class ResampledReader:
    """Reads a stack's slices and brings them onto a regular grid; looks like a `VolumeReader` to those who show it.

    volume : allocated at once, filled in place once all slices have been read. loaded : (slices of the grid,) bool.
    computed : (slices of the grid,) True where values were interpolated. skipped : files that couldn't be decoded whole; their
        slices count as missing. failures : why slices of the grid (index k) had to do without an acquired one.
    Raises `NoVolume` for a stack that can't be repaired so.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack, self.plan = stack, _plan(stack)
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
        self.computed: NDArray[np.bool_] = self.plan.computed()
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
        self.computed[:] = self.plan.computed(usable)
        meant = self.plan.sources()
        self.failures = {
            k: failed[n] for k, pair in enumerate(zip(meant.below.tolist(), meant.above.tolist(), strict=True)) for n in pair if n in failed
        }
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

    def _uids(self) -> tuple[str, ...]:
        """Of the image that a slice was acquired as; empty for computed ones."""
        images, meant = self.stack.images, self.plan.sources().below.tolist()
        return tuple("" if is_computed else images[n].sop_instance_uid for n, is_computed in zip(meant, self.plan.computed(), strict=True))


def _plan(stack: Stack) -> Plan:
    slices = stack.slices
    plan = plan_even_grid(slices) if slices is not None and FEWEST_SLICES <= len(stack.images) == len(slices.positions_lps) else None
    if plan is None:
        raise NoVolume(stack.series_uid or "without a UID", stack.why_not or "its images don't lie parallel at places of their own")
    return plan


def resampled_stack(stack: Stack) -> Stack:
    """How the stack is described once it is resampled: a volume with the plan's grid, and a notice that says so. Raises `NoVolume`."""
    plan = _plan(stack)
    said = Notice("resampled", _resample_words(plan).replace("Interpolate", "Interpolated", 1))
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
