"""What parts the images of a series into stacks, and the sentence that says so. No image is ever left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from medviewer.core.study import Notice
from medviewer.dicom.stack_geometry import places
from medviewer.dicom.stacks.time_points import Image, Volume, time_points

SAME_DIRECTION = 0.9999
"""Cosine of the largest angle (0.8 degrees) between planes that count as parallel."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Images that stay together, and what is to be said about how they were parted from others.

    times : volumes of the same places, one after another in ``images``; empty for a part without several.
    volumes : the parts that those would be, each for itself.
    """

    images: tuple[Image, ...]
    notices: tuple[Notice, ...] = ()
    times: tuple[Volume, ...] = ()
    volumes: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Split:
    """A property whose values part images. ``code`` empty: nothing needs to be said."""

    key: Callable[[Image], Hashable]
    code: str = ""
    message: str = ""


def split_series(images: Sequence[Image]) -> list[Part]:
    """All parts of a series."""
    parts = [Part(tuple(images))]
    first = images[0]
    if all(image.frame.facts is first.frame.facts and image.instance is first.instance for image in images):
        return parts  # frames of one file without groups of their own: nothing tells them apart
    for split in _ALWAYS:
        parts = [smaller for part in parts for smaller in _apart(part, split)]
    parts = [smaller for part in parts for smaller in _by_orientation(part)]
    return [smaller for part in parts for smaller in _by_repeats(part)]


def _own_stack(image: Image) -> Hashable:
    """Objects other than images stay whole, one a stack; so do clips, whose frames have no positions."""
    instance = image.instance
    alone = instance.kind is not None or (len(instance.frames) > 1 and image.frame.facts.position is None)
    return instance.file if alone else instance.form is None


def _pixels(image: Image) -> Hashable:
    form = image.instance.form
    return None if form is None else (form.dtype.str, form.samples, form.photometric.startswith("PALETTE"))


def _size(image: Image) -> Hashable:
    spacing = image.frame.facts.spacing
    return image.frame.shape(image.instance.form), spacing and tuple(round(value, 4) for value in spacing)


_ALWAYS = (
    Split(_own_stack),
    Split(lambda image: image.instance.copy, "duplicate-file", "files of the series are there twice, byte for byte; the copies are apart"),
    Split(
        lambda image: image.instance.is_localiser, "localiser-apart", "localiser images of this series are shown as a stack of their own"
    ),
    Split(_size, "mixed-size", "the series holds images of different size or pixel spacing; each size is a stack"),
    Split(_pixels, "mixed-pixels", "the series holds images with different kinds of pixels; each kind is a stack"),
    Split(
        lambda image: image.instance.frame_of_reference,
        "mixed-frame-of-reference",
        "the series holds images in different frames of reference; each is a stack",
    ),
    Split(
        lambda image: _is_placed(image), "no-position", "some images of the series don't say where they lie; they are a stack of their own"
    ),
)


def _is_placed(image: Image) -> bool:
    return image.frame.facts.position is not None and image.frame.facts.orientation is not None


def _partition(images: Sequence[Image], key: Callable[[Image], Hashable]) -> list[list[Image]]:
    found: dict[Hashable, list[Image]] = defaultdict(list)
    for image in images:
        found[key(image)].append(image)
    return list(found.values())


def _apart(part: Part, split: Split) -> list[Part]:
    pieces = _partition(part.images, split.key)
    if len(pieces) == 1:
        return [part]
    said = (Notice(split.code, split.message, "info"),) if split.code else ()
    return [Part(tuple(piece), (*part.notices, *said)) for piece in pieces]


def _by_orientation(part: Part) -> list[Part]:
    """Parallel images together. Where hardly any are parallel (radial scans, scouts) the images stay one stack."""
    if not _is_placed(part.images[0]):
        return [part]
    cosines = np.array([image.frame.facts.orientation for image in part.images], np.float64)
    pieces: list[list[Image]] = []
    rest = np.arange(len(cosines))
    while len(rest):
        kind, others = cosines[rest[0]], cosines[rest]
        is_same = np.minimum(others[:, :3] @ kind[:3], others[:, 3:] @ kind[3:]) > SAME_DIRECTION
        is_same[0] = True  # whatever rounding makes of an image compared with itself
        pieces.append([part.images[n] for n in rest[is_same]])
        rest = rest[~is_same]
    if len(pieces) == 1:
        return [part]
    if 2 * len(pieces) > len(part.images):
        said = Notice("mixed-orientation", "hardly any two of the images are parallel, so they are shown as one stack", "info")
        return [Part(part.images, (*part.notices, said))]
    said = Notice("mixed-orientation", f"the series holds images in {len(pieces)} orientations; each is a stack", "info")
    return [Part(tuple(piece), (*part.notices, said)) for piece in pieces]


_APART_WHERE_PLACES_REPEAT = (
    Split(lambda image: image.frame.facts.stack, "split-stack", "the images belong to several stacks by their own account"),
    Split(lambda image: image.frame.facts.image_type, "split-image-type", "the series holds images of several types at the same places"),
)
_VOLUMES_WHERE_PLACES_REPEAT = (
    Split(lambda image: image.frame.facts.echo, "split-echo", "the series holds several echoes; each is a stack"),
    Split(lambda image: image.frame.facts.inversion_time, "split-inversion", "the series holds several inversion times; each is a stack"),
    Split(lambda image: image.frame.facts.flip_angle, "split-flip-angle", "the series holds several flip angles; each is a stack"),
    Split(lambda image: image.frame.facts.b_value, "split-b-value", "the series holds several b-values; each is a stack"),
    Split(lambda image: image.frame.facts.temporal, "split-time", "the series holds several time points; each is a stack"),
    Split(lambda image: image.frame.facts.acquisition, "split-acquisition", "the series holds several acquisitions of the same places"),
    Split(lambda image: image.frame.facts.trigger, "split-phase", "the series holds several heart phases; each is a stack"),
    Split(lambda image: image.frame.facts.reference_time, "split-time", "the series holds images of the same places at several times"),
    Split(lambda image: image.frame.facts.time, "split-time", "the series holds images of the same places at several times"),
    Split(lambda image: image.frame.facts.content_time, "split-time", "the series holds images of the same places at several times"),
    Split(lambda image: image.frame.facts.indices, "split-dimension", "the frames are counted along one more dimension; each is a stack"),
    Split(lambda image: image.instance.file, "split-file", "the series holds several files with images of the same places"),
)


def _by_repeats(part: Part) -> list[Part]:
    """Parts in which no two images lie at one place, unless all do; volumes of the same places stay together as one part."""
    if not _is_placed(part.images[0]) or part.images[0].instance.kind is not None:
        return [part]
    parts = [part]
    for split in _APART_WHERE_PLACES_REPEAT:
        parts = [smaller for each in parts for smaller in _if_it_helps(each, split)]
    return [smaller for each in parts for smaller in _volumes(each)]


def _volumes(part: Part) -> list[Part]:
    if not _repeats(part.images)[0]:
        return [part]
    volumes = [part]
    for split in _VOLUMES_WHERE_PLACES_REPEAT:
        volumes = [smaller for each in volumes for smaller in _if_it_helps(each, split)]
    volumes = [smaller for each in volumes for smaller in _by_occurrence(each)]
    return volumes if len(volumes) == 1 else _joined(part, volumes)


def _joined(part: Part, volumes: Sequence[Part]) -> list[Part]:
    """Volumes of the same places as one part with several time points; those that lie elsewhere apart."""
    number = {id(image): int(n) for image, n in zip(part.images, _place_numbers(part.images), strict=True)}
    groups: dict[Hashable, list[Part]] = defaultdict(list)
    for volume in volumes:
        taken = frozenset(number[id(image)] for image in volume.images)
        alike = len(taken) == len(volume.images) and _are_told_apart(part, volumes)
        groups[taken if alike else id(volume)].append(volume)
    return [group[0] if len(group) == 1 else _time_series(part, group) for group in groups.values()]


def _are_told_apart(part: Part, volumes: Sequence[Part]) -> bool:
    """Whether images at one place are volumes of their own rather than copies: by an attribute, or by numbers that all differ."""
    if all(each.notices[-1].code not in ("split-file", "duplicate-slice") for each in volumes):
        return True
    numbers = {(image.instance.instance_number, image.frame.ref.frame) for image in part.images if image.instance.instance_number}
    tiles = len({image.frame.ref.tile for image in part.images})
    return len(numbers) * tiles == len(part.images) and len({len(each.images) for each in volumes}) == 1


def _time_series(part: Part, volumes: Sequence[Part]) -> Part:
    points = time_points([volume.images for volume in volumes])
    images = tuple(image for point in points for image in point.images)
    said = Notice("several-volumes", f"the series holds {len(points)} volumes of the same places, told apart by {points[0].by}", "info")
    return Part(images, (*part.notices, said), tuple(points), tuple(volumes))


def _place_numbers(images: Sequence[Image]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    positions = np.array([image.frame.facts.position for image in images], np.float64)
    orientation = images[0].frame.facts.orientation
    assert orientation is not None, "only placed images have places"
    return places(positions, orientation)


def _repeats(images: Sequence[Image]) -> tuple[int, int]:
    """How many images lie where another does, and the most at one place (0, 0 when all lie at one place)."""
    counts = np.bincount(_place_numbers(images))
    return (0, 0) if len(counts) == 1 else (int((counts - 1).sum()), int(counts.max()))


def _if_it_helps(part: Part, split: Split) -> list[Part]:
    """Split when that parts images at the same places and doesn't tear slices from each other."""
    repeats, most = _repeats(part.images)
    if not repeats:
        return [part]
    pieces = _partition(part.images, split.key)
    if not 1 < len(pieces) <= 2 * most or sum(_repeats(piece)[0] for piece in pieces) >= repeats:
        return [part]
    return _apart(part, split)


def _by_occurrence(part: Part) -> list[Part]:
    """What nothing tells apart: the first image of each place, the second ones, and so on."""
    if not _repeats(part.images)[0]:
        return [part]
    counts = np.bincount(_place_numbers(part.images))
    usual = np.sort(counts)[len(counts) // 2]
    if counts.max() > 2 and usual > 1 and counts.min() < counts.max():  # counting off would mix what was acquired at different times
        words = f"up to {counts.max()} images lie at one place and nothing tells which of them belong together; they are one stack"
        return [Part(part.images, (*part.notices, Notice("duplicate-slice", words)))]
    ordered = sorted(part.images, key=lambda each: (each.instance.instance_number, each.instance.sop_instance_uid, each.frame.ref.frame))
    seen: dict[int, int] = defaultdict(int)
    turns: dict[int, list[Image]] = defaultdict(list)
    for image, place in zip(ordered, _place_numbers(ordered), strict=True):
        turns[seen[int(place)]].append(image)
        seen[int(place)] += 1
    extra = len(ordered) - len(turns[0])
    said = Notice(
        "duplicate-slice", f"{extra} image{'s lie' if extra > 1 else ' lies'} where another already is; they are in a stack of their own"
    )
    return [Part(tuple(piece), (*part.notices, said)) for piece in turns.values()]
