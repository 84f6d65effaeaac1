"""Which objects belong on which images: the rule that keeps things of another place off them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from support.overlay_objects import write_seg_object, write_structures
from support.phantoms import Phantom, write_phantom

from medviewer.app.companions import Companions, relate
from medviewer.core.overlay import OverlayKind
from medviewer.core.progress import Progress
from medviewer.core.study import FileLocation, Scan, Stack, StackKind
from medviewer.dicom.objects.companion_header import CompanionHeader
from medviewer.dicom.scan import scan

SQUARE = np.array([[0, 0, 60], [9, 0, 60], [9, 9, 60], [0, 9, 60.0]])


def header(kind: OverlayKind, images: set[str] | None = None, frames: set[str] | None = None) -> CompanionHeader:
    return CompanionHeader(FileLocation(Path("x")), kind, "x", "1", frozenset(images or ()), frozenset(), frozenset(frames or ()))


@pytest.mark.parametrize(
    ("kind", "images", "frames", "shown", "applies", "in_patient"),
    [
        (OverlayKind.SEGMENTATION, {"i"}, {"f"}, "f", True, True),
        (OverlayKind.SEGMENTATION, set(), {"f"}, "f", True, True),
        (OverlayKind.SEGMENTATION, {"i"}, {"g"}, "f", False, False),  # the images named, and another place: refused
        (OverlayKind.SEGMENTATION, {"i"}, set(), None, True, False),  # a projection image: pixel by pixel on what it names
        (OverlayKind.SEGMENTATION, {"j"}, set(), None, False, False),
        (OverlayKind.STRUCTURES, {"i"}, {"f"}, None, False, False),  # coordinates in a place the images don't name
        (OverlayKind.STRUCTURES, {"i"}, set(), "f", False, False),
        (OverlayKind.DOSE, set(), {"f"}, "f", True, True),
        (OverlayKind.DOSE, set(), {"f"}, "", False, False),
        (OverlayKind.PRESENTATION, {"i"}, set(), "f", True, False),
        (OverlayKind.PRESENTATION, {"j"}, {"f"}, "f", False, False),
        (OverlayKind.KEY_IMAGES, {"i"}, set(), None, True, False),
    ],
)
def test_the_rule(kind: OverlayKind, images: set[str], frames: set[str], shown: str | None, applies: bool, in_patient: bool) -> None:
    relation = relate(header(kind, images, frames), frozenset({"i"}), "s", shown)
    assert (relation.applies, relation.in_patient) == (applies, in_patient)
    assert applies or (relation.why_not or "").endswith(".")


@pytest.fixture
def phantom(tmp_path: Path) -> Phantom:
    return write_phantom(tmp_path / "study", shape_kji=(5, 12, 10))


def opened(folder: Path) -> tuple[Scan, Stack]:
    found = scan([folder], Progress())
    return found, next(stack for stack in found.stacks() if stack.kind is StackKind.VOLUME)


def test_objects_of_the_scan_are_found_with_their_images_and_the_other_way_round(phantom: Phantom, tmp_path: Path) -> None:
    write_seg_object(tmp_path / "study" / "seg.dcm", phantom, phantom.labels, "BINARY")
    write_structures(tmp_path / "study" / "rs.dcm", phantom, [("a", "CLOSED_PLANAR", SQUARE)])
    found, images = opened(tmp_path / "study")
    companions = Companions()
    kinds = {companion.kind: companion for companion in companions.of(found, images, Progress())}
    assert set(kinds) == {OverlayKind.SEGMENTATION, OverlayKind.STRUCTURES}
    assert all(companion.relation.in_patient for companion in kinds.values())
    for companion in kinds.values():
        assert companions.images_for(found, companion.stack, Progress()) == images


def test_an_object_in_another_frame_of_reference_is_named_with_the_reason_and_its_images_are_not(phantom: Phantom, tmp_path: Path) -> None:
    path = write_seg_object(tmp_path / "study" / "seg.dcm", phantom, phantom.labels, "BINARY")
    ds = dcmread(path)
    ds.FrameOfReferenceUID = "1.2.3.4"
    ds.save_as(path)
    found, images = opened(tmp_path / "study")
    (companion,) = Companions().of(found, images, Progress())
    assert not companion.relation.applies
    assert "another frame of reference" in (companion.relation.why_not or "")
    assert Companions().images_for(found, companion.stack, Progress()) is None


def test_an_object_whose_header_is_damaged_costs_only_itself(phantom: Phantom, tmp_path: Path) -> None:
    write_seg_object(tmp_path / "study" / "seg.dcm", phantom, phantom.labels, "BINARY")
    bad = write_structures(tmp_path / "study" / "rs.dcm", phantom, [("a", "CLOSED_PLANAR", SQUARE)])
    found, images = opened(tmp_path / "study")
    bad.write_bytes(b"not any more")
    companions = Companions().of(found, images, Progress())
    assert {companion.kind: bool(companion.unreadable) for companion in companions} == {
        OverlayKind.SEGMENTATION: False,
        OverlayKind.STRUCTURES: True,
    }
