"""The files of one series to stacks: images that belong together, in order, with a reason for every parting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from medviewer.core.geometry import ParallelSlices
from medviewer.core.study import Notice, Stack, StackKind, TimePoint
from medviewer.core.volume import StoredValues
from medviewer.dicom.instance import Instance
from medviewer.dicom.stack_geometry import FEWEST_SLICES, Verdict, normal_of, parallel_slices, verdict
from medviewer.dicom.stacks.splits import Part, split_series
from medviewer.dicom.stacks.time_points import Image, Volume

CLIP_MODALITIES = frozenset({"US", "XA", "RF", "ES", "IVUS"})
"""Modalities whose multi-frame images without positions are moving pictures."""
PLACED_MODALITIES = frozenset({"CT", "MR", "PT"})
"""Modalities whose images should say where they lie."""
_INFORMATION = frozenset({"lossy", "colour-profile", "not-subtracted", "tiles-together"})
SAME_PLACE_MM = 0.01


def stacks_of(instances: Sequence[Instance]) -> tuple[Stack, ...]:
    """The stacks of one series, numbered from 1: images first, localisers after them, then everything else."""
    parts = split_series([Image(instance, frame) for instance in instances for frame in instance.frames])
    whole = [whole for part in parts for whole in _regular(part)]
    return tuple(_stack(part, number) for number, part in enumerate(sorted(whole, key=_rank), start=1))


def _regular(part: Part) -> list[Part]:
    """A part with time points only where each makes a volume; else its volumes one by one, and thin ones as one stack."""
    if not part.times:
        return [part]
    images = _sorted(part.times[0].images)
    if _judge(images).geometry is not None:
        return [part]
    return list(part.volumes) if len(images) >= FEWEST_SLICES else [Part(part.images, part.notices)]


def _rank(part: Part) -> tuple[bool, bool, int, str]:
    first = min(part.images, key=_file_order).instance
    return first.kind is not None, first.is_localiser, first.instance_number, first.sop_instance_uid


def _file_order(image: Image) -> tuple[int, str, int]:
    return image.instance.instance_number, image.instance.sop_instance_uid, image.frame.ref.frame


def _stack(part: Part, number: int) -> Stack:
    times = tuple(_time_point(volume) for volume in part.times)
    images = [image for _, ordered in times for image in ordered] if times else _sorted(part.images)
    one = times[0][1] if times else images
    found = _judge(one)
    first = images[0].instance
    rows, columns = images[0].frame.shape(first.form)
    return Stack(
        study_uid=first.study.study_uid,
        series_uid=first.series_uid,
        number=number,
        kind=first.kind or (StackKind.TIME_SERIES if times else _image_kind(images, found)),
        modality=first.modality,
        description=first.description,
        images=tuple(image.frame.ref for image in images),
        sop_class_uid=first.sop_class_uid,
        series_number=first.series_number,
        body_part=first.body_part,
        rows=rows,
        columns=columns,
        transfer_syntaxes=tuple(sorted({image.instance.transfer_syntax for image in images})),
        geometry=found.geometry,
        why_not=found.why_not,
        warnings=(*found.notices, *part.notices, *_file_notices(images)),
        values=_values(images),
        slices=_slices(one),
        times=tuple(point for point, _ in times),
    )


def _time_point(volume: Volume) -> tuple[TimePoint, list[Image]]:
    images = _sorted(volume.images)
    return TimePoint(volume.label, tuple(image.frame.ref for image in images), _values(images), volume.contrast, volume.seconds), images


def _slices(images: Sequence[Image]) -> ParallelSlices | None:
    """Where parallel images of the patient lie, each at a place of its own; None for others."""
    facts, first = images[0].frame.facts, images[0].instance
    if first.kind is not None or first.form is None or facts.position is None or facts.orientation is None or facts.spacing is None:
        return None
    if first.form.is_colour or first.form.photometric == "PALETTE COLOR":
        return None
    if "MOSAIC" in facts.image_type and images[0].frame.ref.tile is None:
        return None
    if not facts.spacing_is_in_patient or not _parallel(images):
        return None
    positions = np.array([image.frame.facts.position for image in images], np.float64)
    shape = images[0].frame.shape(first.form)
    slices = parallel_slices(positions, facts.orientation, facts.spacing, shape, first.frame_of_reference, facts.nominal_step_mm)
    return None if len(images) > 1 and (np.diff(slices.heights_mm) < SAME_PLACE_MM).any() else slices


def _sorted(images: Sequence[Image]) -> list[Image]:
    """Along the normal where all images are parallel and placed, else as the files count them."""
    by_number = sorted(images, key=_file_order)
    orientation = images[0].frame.facts.orientation
    if images[0].instance.kind is None and all(image.frame.facts.volume_depth is not None for image in images):
        return sorted(by_number, key=_volume_order)
    if images[0].instance.kind is not None or images[0].frame.facts.position is None or orientation is None:
        return by_number
    if not _parallel(images):
        return by_number
    normal = normal_of(orientation)
    heights = np.array([image.frame.facts.position for image in by_number], np.float64) @ normal
    return [by_number[n] for n in np.argsort(heights, kind="stable")]


def _volume_order(image: Image) -> tuple[float, float]:
    """Ultrasound volumes one after another, each along its own normal."""
    facts = image.frame.facts
    return float(facts.temporal or 0), facts.volume_depth or 0.0


def _parallel(images: Sequence[Image]) -> bool:
    cosines = np.array([image.frame.facts.orientation for image in images], np.float64)
    return bool(np.abs(cosines - cosines[0]).max() < 0.02)


def _judge(images: Sequence[Image]) -> Verdict:
    """Whether the images make a volume; what isn't about geometry is asked first."""
    first = images[0]
    facts, form = first.frame.facts, first.instance.form
    if form is None and first.instance.kind is None:
        return Verdict(None, "there is no pixel data that could be shown")
    if first.instance.kind is not None or form is None:
        return Verdict(None, f"it is no series of images ({(first.instance.kind or StackKind.OTHER).value})")
    if form.is_colour or form.photometric == "PALETTE COLOR" or first.instance.has_colours:
        return Verdict(None, "colour images are shown as they are")
    if facts.position is None and facts.volume_depth is not None:
        return Verdict(None, "the images lie in an ultrasound volume whose place in the patient isn't known")
    if facts.position is None or facts.orientation is None:
        missing = Notice("no-position", "the images don't say where they lie in the patient")
        expected = first.instance.modality in PLACED_MODALITIES and len(images) > 1
        return Verdict(None, missing.message, (missing,) if expected else ())
    if "MOSAIC" in facts.image_type and first.frame.ref.tile is None:
        return Verdict(None, "each image is a mosaic of many slices")
    if not _parallel(images):
        return Verdict(None, "the images lie in different orientations")
    positions = np.array([image.frame.facts.position for image in images], np.float64)
    if len(images) > 1 and np.ptp(positions @ normal_of(facts.orientation)) < SAME_PLACE_MM:
        shifted = bool(np.abs(positions - positions[0]).max() >= SAME_PLACE_MM)
        return Verdict(None, "all images lie in one plane" if shifted else "all images lie at the same place")
    if len(images) > 1 and (np.diff(positions @ normal_of(facts.orientation)) < SAME_PLACE_MM).any():
        return Verdict(None, "several images lie at the same place")
    if not facts.spacing_is_in_patient and facts.spacing is not None:
        return Verdict(None, "the pixel spacing holds at the detector, not in the patient")
    return verdict(positions, facts.orientation, facts.spacing, first.frame.shape(form), first.instance.frame_of_reference)


def _image_kind(images: Sequence[Image], found: Verdict) -> StackKind:
    if found.geometry is not None:
        return StackKind.VOLUME
    first = images[0].instance
    if first.form is None:
        return StackKind.OTHER
    if len(images) == 1:
        return StackKind.IMAGE
    facts = images[0].frame.facts
    is_clip = facts.position is None and facts.volume_depth is None and len(first.frames) > 1
    return StackKind.CINE if is_clip and (first.is_cine or first.modality in CLIP_MODALITIES) else StackKind.STACK


def _file_notices(images: Sequence[Image]) -> list[Notice]:
    """What is odd about files, once for all of them."""
    instances = {id(image.instance): image.instance for image in images}.values()
    counted = Counter(notice for instance in instances for notice in instance.notices)
    return [
        Notice(
            code,
            text if times == len(instances) else f"{text} ({times} of {len(instances)} files)",
            "info" if code in _INFORMATION else "warning",
        )
        for (code, text), times in counted.items()
    ]


def _values(images: Sequence[Image]) -> StoredValues:
    middle = images[len(images) // 2].instance
    rescales = tuple(image.frame.rescale for image in images)
    return StoredValues(
        dtype=_dtype(middle),
        bits=middle.form.stored if middle.form and not middle.has_modality_table else 0,
        rescales=rescales if len(set(rescales)) > 1 else rescales[:1],
        voi=middle.voi,
        inverted=middle.inverted,
        padding=middle.padding,
        padding_limit=middle.padding_limit,
        has_extras=any(image.instance.has_extras for image in images),
    )


def _dtype(instance: Instance) -> str:
    """Of the values in a volume: those stored, or what a modality table makes of them."""
    if instance.form is None:
        return ""
    return "<u2" if instance.has_modality_table else instance.form.dtype.str
