"""The files of one series to stacks: images that belong together, in order, with a reason for every parting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from medviewer.core.study import Notice, Stack, StackKind
from medviewer.core.volume import StoredValues
from medviewer.dicom.instance import Instance
from medviewer.dicom.splits import Image, Part, split_series
from medviewer.dicom.stack_geometry import Verdict, normal_of, verdict

CLIP_MODALITIES = frozenset({"US", "XA", "RF", "ES", "IVUS"})
"""Modalities whose multi-frame images without positions are moving pictures."""
PLACED_MODALITIES = frozenset({"CT", "MR", "PT"})
"""Modalities whose images should say where they lie."""
_INFORMATION = frozenset({"lossy"})


def stacks_of(instances: Sequence[Instance]) -> tuple[Stack, ...]:
    """The stacks of one series, numbered from 1: images first, localisers after them, then everything else."""
    parts = split_series([Image(instance, frame) for instance in instances for frame in instance.frames])
    return tuple(_stack(part, number) for number, part in enumerate(sorted(parts, key=_rank), start=1))


def _rank(part: Part) -> tuple[bool, bool, int, str]:
    first = min(part.images, key=_file_order).instance
    return first.kind is not None, first.is_localiser, first.instance_number, first.sop_instance_uid


def _file_order(image: Image) -> tuple[int, str, int]:
    return image.instance.instance_number, image.instance.sop_instance_uid, image.frame.ref.frame


def _stack(part: Part, number: int) -> Stack:
    images = _sorted(part.images)
    found = _judge(images)
    first = images[0].instance
    form = first.form
    return Stack(
        study_uid=first.study.study_uid,
        series_uid=first.series_uid,
        number=number,
        kind=first.kind or _image_kind(images, found),
        modality=first.modality,
        description=first.description,
        images=tuple(image.frame.ref for image in images),
        sop_class_uid=first.sop_class_uid,
        series_number=first.series_number,
        body_part=first.body_part,
        rows=form.rows if form else 0,
        columns=form.columns if form else 0,
        transfer_syntaxes=tuple(sorted({image.instance.transfer_syntax for image in images})),
        geometry=found.geometry,
        why_not=found.why_not,
        warnings=(*found.notices, *part.notices, *_file_notices(images)),
        values=_values(images),
    )


def _sorted(images: Sequence[Image]) -> list[Image]:
    """Along the normal where all images are parallel and placed, else as the files count them."""
    by_number = sorted(images, key=_file_order)
    orientation = images[0].frame.facts.orientation
    if images[0].instance.kind is not None or images[0].frame.facts.position is None or orientation is None:
        return by_number
    if not _parallel(images):
        return by_number
    normal = normal_of(orientation)
    heights = np.array([image.frame.facts.position for image in by_number], np.float64) @ normal
    return [by_number[n] for n in np.argsort(heights, kind="stable")]


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
    if facts.position is None or facts.orientation is None:
        missing = Notice("no-position", "the images don't say where they lie in the patient")
        expected = first.instance.modality in PLACED_MODALITIES and len(images) > 1
        return Verdict(None, missing.message, (missing,) if expected else ())
    if "MOSAIC" in facts.image_type:
        return Verdict(None, "each image is a mosaic of many slices", (Notice("mosaic", "each image is a mosaic of many slices"),))
    if not _parallel(images):
        return Verdict(None, "the images lie in different orientations")
    positions = np.array([image.frame.facts.position for image in images], np.float64)
    if len(images) > 1 and np.ptp(positions @ normal_of(facts.orientation)) < 0.01:
        return Verdict(None, "all images lie at the same place")
    if not facts.spacing_is_in_patient and facts.spacing is not None:
        return Verdict(None, "the pixel spacing holds at the detector, not in the patient")
    return verdict(positions, facts.orientation, facts.spacing, (form.rows, form.columns), first.instance.frame_of_reference)


def _image_kind(images: Sequence[Image], found: Verdict) -> StackKind:
    if found.geometry is not None:
        return StackKind.VOLUME
    first = images[0].instance
    if first.form is None:
        return StackKind.OTHER
    if len(images) == 1:
        return StackKind.IMAGE
    is_clip = images[0].frame.facts.position is None and len(first.frames) > 1
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
        rescales=rescales if len(set(rescales)) > 1 else rescales[:1],
        voi=middle.voi,
        inverted=middle.inverted,
        padding=middle.padding,
        padding_limit=middle.padding_limit,
    )


def _dtype(instance: Instance) -> str:
    """Of the values in a volume: those stored, or what a modality table makes of them."""
    if instance.form is None:
        return ""
    return "<u2" if instance.has_modality_table else instance.form.dtype.str
