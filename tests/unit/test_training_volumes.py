"""Volumes with label maps as training data: pairs of files, and what a person accepted in the viewer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import SimpleITK as sitk
from support.phantoms import BODY, LESION, MARKER, oblique, write_phantom
from support.results import findings, headers, segmentation_of

pytest.importorskip("torch", reason="the extra [train] is not installed")

from medviewer.core.errors import CannotDecode
from medviewer.core.finding import Decision, Status
from medviewer.dicom.objects.acceptance import Acceptance
from medviewer.dicom.objects.seg import write_seg
from medviewer.dicom.objects.sr import write_report
from medviewer.training.data.accepted import NO_IMAGES, NOT_ACCEPTED, accepted_results, decoded_accepted
from medviewer.training.data.cleaning import clean
from medviewer.training.data.generated import write_bodies
from medviewer.training.data.pairs import pairs
from medviewer.training.data.report import Reason
from medviewer.training.data.volume_file import decoded_pair, numbered
from medviewer.training.recipe_kinds.segmentation import StructureTable, VolumeInput
from medviewer.training.recipe_kinds.tables import Splits
from medviewer.training.volumes.task import box_of, dice_of, padded

WHEN = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
INPUT = VolumeInput(spacing_mm=(3, 3, 3), box=(8, 8, 8), clip_percentiles=(0, 100))
LEFT = StructureTable(name="left hippocampus", code="SCT:5366008", color="#dcd814", side="left")
RIGHT = StructureTable(name="right hippocampus", code="SCT:5366008", color="#968c0a", side="right")
VENTRICLE = StructureTable(name="fourth ventricle", code="SCT:35918002", color="#2acca4")


@pytest.fixture
def saved(tmp_path):
    """A study with a segmentation, and reports that may accept it."""
    phantom = write_phantom(tmp_path / "study", shape_kji=(12, 16, 14), spacing_ijk=(4, 5, 3), directions=oblique())
    sources = headers(phantom.paths)
    segmentation = segmentation_of(phantom.labels, phantom.geometry, {BODY: 4, LESION: 17, MARKER: 53})
    seg = write_seg(segmentation, sources, tmp_path / "a.seg.dcm")

    def report(accepted, name="a.sr.dcm"):
        decided = [replace(f, status=Status.ACCEPTED, decision=Decision("Schmidt^Anna", WHEN)) if accepted else f for f in findings()]
        acceptance = Acceptance("Schmidt^Anna", WHEN, "Clinic") if accepted else None
        return write_report(decided, segmentation, seg, sources, tmp_path / name, acceptance=acceptance)

    return tmp_path, phantom, report


def test_an_accepted_segmentation_lies_on_its_images_and_its_patient_is_the_subject(saved):
    folder, phantom, report = saved
    report(accepted=True)
    results, listing = accepted_results(folder)
    assert [case.name for case in listing.cases] == ["a.seg.dcm"]
    assert listing.cases[0].subject == "PHANTOM"
    assert not listing.left_out
    content = decoded_accepted(results[0], INPUT, (LEFT, RIGHT)).content
    truth = [(phantom.labels == value).sum() * 60 for value in (LESION, MARKER)]
    assert [(content.labels == n).sum() * 27 for n in (1, 2)] == pytest.approx(truth, rel=0.12)
    inside = content.values[content.labels == 1]
    assert inside.mean() > 2 * content.values[content.labels == 0].mean()


def test_what_nobody_verified_trains_nothing(saved):
    folder, _, report = saved
    report(accepted=False)
    results, listing = accepted_results(folder)
    assert not results
    assert dict(listing.left_out) == {"a.seg.dcm": NOT_ACCEPTED}


def test_a_structure_that_no_accepted_finding_speaks_of_is_not_taken(saved):
    folder, _, report = saved
    report(accepted=True)
    results, _ = accepted_results(folder)
    with pytest.raises(CannotDecode, match="no accepted finding refers to fourth ventricle"):
        decoded_accepted(results[0], INPUT, (LEFT, VENTRICLE))
    with pytest.raises(CannotDecode, match="no segment for left fourth ventricle"):
        decoded_accepted(results[0], INPUT, (VENTRICLE.model_copy(update={"side": "left", "name": "left fourth ventricle"}),))


def test_a_segmentation_whose_images_are_elsewhere_is_said(saved):
    folder, phantom, report = saved
    report(accepted=True)
    for path in phantom.paths:
        path.unlink()
    assert dict(accepted_results(folder)[1].left_out) == {"a.seg.dcm": NO_IMAGES}


def test_pairs_go_by_name_and_what_has_no_partner_is_said(tmp_path):
    write_bodies(tmp_path, 3, seed=1)
    (tmp_path / "labels" / "subject-0001.nii.gz").rename(tmp_path / "labels" / "else.nii.gz")
    listing = pairs(tmp_path, "images", "labels", r"subject-(\d+)")
    assert [(case.subject, case.labels is not None) for case in listing.cases] == [("0000", True), ("0001", False), ("0002", True)]
    assert [name for name, _ in listing.left_out] == ["labels/else.nii.gz"]


def test_a_label_map_on_another_grid_is_brought_to_the_images(tmp_path):
    write_bodies(tmp_path, 1, seed=1)
    structures = tuple(StructureTable(name=f"s{n}", values=(n,), code="SCT:1", color="#000000") for n in (1, 2, 3))
    wanted = VolumeInput(spacing_mm=(4, 4, 4), box=(8, 8, 8))
    image, labels = tmp_path / "images" / "subject-0000.nii.gz", tmp_path / "labels" / "subject-0000.nii.gz"
    same = decoded_pair(image, labels, wanted, structures).content.labels
    turned = tmp_path / "turned.nii.gz"
    sitk.WriteImage(sitk.DICOMOrient(sitk.ReadImage(str(labels)), "RAI"), str(turned))
    assert np.array_equal(decoded_pair(image, turned, wanted, structures).content.labels, same)
    with pytest.raises(CannotDecode, match="none of the recipe's structures"):
        decoded_pair(image, labels, wanted, (StructureTable(name="x", values=(9,), code="SCT:1", color="#000000"),))


def test_boxes_hold_the_structure_they_are_centred_on_and_padding_beyond_the_volume(tmp_path):
    write_bodies(tmp_path, 1, seed=2)
    structures = tuple(StructureTable(name=f"s{n}", values=(n,), code="SCT:1", color="#000000") for n in (1, 2, 3))
    pair = (tmp_path / "images" / "subject-0000.nii.gz", tmp_path / "labels" / "subject-0000.nii.gz")
    volume = decoded_pair(*pair, INPUT.model_copy(update={"spacing_mm": (4, 4, 4)}), structures).content
    random = np.random.default_rng(0)
    assert all(box_of(volume, (8, 8, 8), 1.0, random)[1].any() for _ in range(20))
    _, labels = box_of(volume, (64, 64, 64), 0.0, random)
    assert labels.shape == (64, 64, 64)
    assert (labels > 0).sum() == (volume.labels > 0).sum()
    grown, inside = padded(volume.values, 16)
    assert all(n % 16 == 0 for n in grown.shape)
    assert np.array_equal(grown[inside], volume.values)


def test_the_same_image_with_another_label_map_contradicts_itself(tmp_path):
    write_bodies(tmp_path, 2, seed=3)
    for folder in ("images", "labels"):
        content = (tmp_path / folder / "subject-0000.nii.gz").read_bytes()
        (tmp_path / folder / "copy.nii.gz").write_bytes(content)
        (tmp_path / folder / "other.nii.gz").write_bytes((tmp_path / "images" / "subject-0001.nii.gz").read_bytes())
    flipped = sitk.Flip(sitk.ReadImage(str(tmp_path / "labels" / "subject-0001.nii.gz")), [True, False, False])
    flipped.CopyInformation(sitk.ReadImage(str(tmp_path / "labels" / "subject-0001.nii.gz")))
    sitk.WriteImage(flipped, str(tmp_path / "labels" / "other.nii.gz"))
    structures = tuple(StructureTable(name=f"s{n}", values=(n,), code="SCT:1", color="#000000") for n in (1, 2, 3))
    examples, report = clean(
        pairs(tmp_path, "images", "labels", None), lambda case: decoded_pair(case.image, case.labels, INPUT, structures), Splits(), 1
    )
    reasons = {d.file: d.reason for d in report.dropped}
    assert reasons == {
        "images/subject-0000.nii.gz": Reason.DUPLICATE,
        "images/other.nii.gz": Reason.CONTRADICTION,
        "images/subject-0001.nii.gz": Reason.CONTRADICTION,
    }
    assert [e.case.name for e in examples] == ["images/copy.nii.gz"]


def test_dice_counts_voxels():
    found, true = numbered(np.array([1, 1, 2, 0]), {1: 1, 2: 2}), np.array([1, 2, 2, 2], np.uint8)
    assert dice_of(found, true, 3) == pytest.approx([2 / 3, 2 / 4, float("nan")], nan_ok=True)
