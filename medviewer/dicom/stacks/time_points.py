"""Volumes of the same places: what tells them apart, in which order they come, and what each is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from medviewer.dicom.instance import Frame, Instance
from medviewer.dicom.placement import FrameFacts


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One image and the file it is in."""

    instance: Instance
    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """The images of one volume, its label, and the word for what the labels speak of. contrast, seconds : as in `TimePoint`."""

    images: tuple[Image, ...]
    label: str
    by: str
    contrast: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Property:
    """Something that may tell volumes apart. words : of its value and the smallest value of all volumes."""

    by: str
    value: Callable[[FrameFacts], float | None]
    words: Callable[[float, float], str]


def _seconds(value: float, first: float) -> str:
    return f"{value - first:.1f} s"


_CONTRASTS = (  # what makes volumes another kind of image
    _Property("echo", lambda facts: facts.echo_time, lambda value, _: f"TE {value:g} ms"),
    _Property("echo", lambda facts: facts.echo, lambda value, _: f"echo {value:g}"),
    _Property("inversion time", lambda facts: facts.inversion_time, lambda value, _: f"TI {value:g} ms"),
    _Property("flip angle", lambda facts: facts.flip_angle, lambda value, _: f"flip angle {value:g}°"),
)
_PROPERTIES = (
    *_CONTRASTS,
    _Property("b-value", lambda facts: facts.b_value, lambda value, _: f"b {value:g}"),
    _Property("heart phase", lambda facts: facts.trigger, lambda value, _: f"{value:.0f} ms"),
    _Property("time", lambda facts: facts.reference_time, lambda value, first: _seconds(value / 1000, first / 1000)),
    _Property("time", lambda facts: facts.time, _seconds),
    _Property("time", lambda facts: facts.content_time, _seconds),
    _Property("time point", lambda facts: facts.temporal, lambda value, _: f"time point {value:g}"),
    _Property("acquisition", lambda facts: facts.acquisition, lambda value, _: f"acquisition {value:g}"),
)
"""In the order in which they are named; once all names differ, the rest is left out."""
_ORDER: tuple[Callable[[FrameFacts], float | None], ...] = (
    *(one.value for one in _CONTRASTS),
    lambda facts: facts.temporal,
    lambda facts: facts.acquisition,
    lambda facts: facts.reference_time,
    lambda facts: facts.time,
    lambda facts: facts.trigger,
    lambda facts: facts.content_time,
)
"""What orders volumes, before the numbers of the images do; b-values come as they were acquired."""


def time_points(volumes: Sequence[Sequence[Image]]) -> list[Volume]:
    """The volumes in their order, each with a label that tells it from the others (its number where nothing else does)."""
    ordered = sorted(volumes, key=_order)
    by = next((one.by for one in _PROPERTIES if _differs(_values(ordered, one.value))), "number")
    names, contrasts = _names(ordered, _PROPERTIES), _names(ordered, _CONTRASTS)
    seconds = _seconds_of(ordered)
    told = zip(ordered, _all_different(names), contrasts, seconds, strict=True)
    return [Volume(tuple(images), name, by, contrast, when) for images, name, contrast, when in told]


def _order(images: Sequence[Image]) -> tuple[tuple[float, ...], tuple[int, int]]:
    values = tuple(_of(images, value) for value in _ORDER)
    first = min((image.instance.instance_number, image.frame.ref.frame) for image in images)
    return tuple(-1.0 if value is None else value for value in values), first


def _seconds_of(volumes: Sequence[Sequence[Image]]) -> list[float | None]:
    """When each was acquired, by the first attribute that says it of all."""
    for value, unit in ((lambda f: f.reference_time, 0.001), (lambda f: f.time, 1.0), (lambda f: f.trigger, 0.001)):
        found = _values(volumes, value)
        if _differs(found):
            return [None if each is None else each * unit for each in found]
    return [None] * len(volumes)


def _of(images: Sequence[Image], value: Callable[[FrameFacts], float | None]) -> float | None:
    """What a property is for a volume: the middle of its images' values, as slices may have their own times."""
    known = [found for image in images if (found := value(image.frame.facts)) is not None]
    return float(median(known)) if known else None


def _values(volumes: Sequence[Sequence[Image]], value: Callable[[FrameFacts], float | None]) -> list[float | None]:
    return [_of(images, value) for images in volumes]


def _differs(values: Sequence[float | None]) -> bool:
    return None not in values and len(set(values)) > 1


def _names(volumes: Sequence[Sequence[Image]], properties: Sequence[_Property]) -> list[str]:
    """By as many properties as it takes to tell the volumes apart; those that don't differ are left out."""
    names = ["" for _ in volumes]
    used: set[str] = set()
    for one in properties:
        values = _values(volumes, one.value)
        if one.by in used or not _differs(values) or len(set(names)) == len(names):
            continue
        used.add(one.by)
        first = min(value for value in values if value is not None)
        words = [one.words(value, first) for value in values if value is not None]
        names = [" · ".join(part for part in pair if part) for pair in zip(names, words, strict=True)]
    return names


def _all_different(names: Sequence[str]) -> list[str]:
    if len(set(names)) == len(names):
        return list(names)
    counts = Counter[str]()
    numbered = []
    for name in names:
        counts[name] += 1
        numbered.append(" · ".join(part for part in (name, f"volume {counts[name]}") if part))
    return numbered
