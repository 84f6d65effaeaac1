"""An unevenly spaced stack, or one with gaps, parted into evenly spaced ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from medviewer.core.geometry import ParallelSlices
from medviewer.core.spacing import even_runs
from medviewer.core.study import Notice, Stack, StackKind
from medviewer.core.volume import StoredValues
from medviewer.dicom.stack_geometry import verdict

_SPACING_CODES = frozenset({"missing-slice", "uneven-spacing", "gantry-tilt"})


def runs_of(stack: Stack) -> list[range]:
    """The evenly spaced stretches of a stack's images; empty for a stack whose images aren't parallel and placed."""
    return even_runs(stack.slices.heights_mm) if stack.slices is not None and len(stack.images) == len(stack.slices.positions_lps) else []


def split_even(stack: Stack, numbers: Sequence[int]) -> tuple[Stack, ...]:
    """The stack's evenly spaced stretches as stacks with those numbers; each image is in exactly one of them."""
    return tuple(_part(stack, run, number) for run, number in zip(runs_of(stack), numbers, strict=True))


def _part(stack: Stack, run: range, number: int) -> Stack:
    slices = stack.slices
    assert slices is not None, "only placed stacks have runs"
    part = replace(slices, positions_lps=slices.positions_lps[run.start : run.stop])
    found = verdict(part.positions_lps, _cosines(part), _spacing(part), part.shape, part.frame_of_reference)
    kept = tuple(notice for notice in stack.warnings if notice.code not in _SPACING_CODES)
    words = f"images {run.start + 1} to {run.stop} of {len(stack.images)}, which are evenly spaced"
    if len(run) < 2:
        words = f"image {run.start + 1} of {len(stack.images)}, which stands alone"
    return replace(
        stack,
        number=number,
        kind=StackKind.VOLUME if found.geometry is not None else StackKind.STACK if len(run) > 1 else StackKind.IMAGE,
        images=stack.images[run.start : run.stop],
        geometry=found.geometry,
        why_not=found.why_not,
        warnings=(*found.notices, *kept, Notice("split-even", f"this stack is {words}", "info")),
        values=_values(stack.values, run),
        slices=part,
    )


def _values(values: StoredValues, run: range) -> StoredValues:
    rescales = values.rescales
    if len(rescales) == 1:
        return values
    own = rescales[run.start : run.stop]
    return replace(values, rescales=own if len(set(own)) > 1 else own[:1])


def _cosines(slices: ParallelSlices) -> tuple[float, float, float, float, float, float]:
    right, down = (step / np.linalg.norm(step) for step in (slices.column_step, slices.row_step))
    a, b, c, d, e, f = (float(value) for value in (*right, *down))
    return a, b, c, d, e, f


def _spacing(slices: ParallelSlices) -> tuple[float, float]:
    return float(np.linalg.norm(slices.row_step)), float(np.linalg.norm(slices.column_step))
