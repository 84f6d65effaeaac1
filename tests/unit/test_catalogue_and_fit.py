"""Which models are offered for a series, and the reasons a reader gets."""

from __future__ import annotations

import numpy as np
import pytest
from support.tiny_models import write_tiny_package

from medviewer.core.errors import BadPackage, NoModelFits
from medviewer.core.geometry import Geometry
from medviewer.core.volume import Rescale, Volume, VolumeSource
from medviewer.models.catalogue import Catalogue, SeriesFacts, fit
from medviewer.models.package import open_package


def volume(shape_kji=(40, 128, 100), spacing_ijk=(1.5, 1.5, 4.0), modality="MR", body_part="HEAD", unit=""):
    geometry = Geometry.from_axes(shape_kji, (0, 0, 0), np.eye(3), spacing_ijk)
    source = VolumeSource(modality=modality, body_part=body_part)
    return Volume(np.zeros(shape_kji, np.int16), geometry, Rescale(unit=unit), source)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("p") / "head"
    write_tiny_package(folder, body_part=("HEAD", "BRAIN"), min_coverage_mm=110, modality=("MR", "CT"))
    return open_package(folder).manifest


def test_a_series_the_model_is_made_for_fits_without_a_word(manifest):
    verdict = fit(manifest, SeriesFacts.of(volume()))
    assert (verdict.fits, verdict.reasons, verdict.cautions) == (True, (), ())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"modality": "PT"}, "The model is made for MR or CT; this series is PT."),
        ({"body_part": "CHEST"}, "The model is made for HEAD or BRAIN; this series says CHEST."),
        ({"shape_kji": (6, 128, 100), "spacing_ijk": (1.5, 1.5, 9.0)}, "6 slices in one direction; at least 10"),
        ({"shape_kji": (20, 128, 100), "spacing_ijk": (1.5, 1.5, 12.0)}, "12.0 mm apart; at most 10 mm"),
        ({"shape_kji": (20, 128, 100)}, "It covers 150 x 192 x 80 mm; the model needs at least 110 mm"),
    ],
)
def test_a_series_that_does_not_fit_is_told_why_with_numbers(manifest, change, words):
    verdict = fit(manifest, SeriesFacts.of(volume(**change)))
    assert not verdict.fits
    assert words in " ".join(verdict.reasons)


def test_an_unsaid_body_part_or_modality_is_a_caution(manifest):
    verdict = fit(manifest, SeriesFacts.of(volume(body_part="", modality="")))
    assert verdict.fits
    assert len(verdict.cautions) == 2


def test_values_in_hu_without_a_modality_count_as_ct(manifest):
    assert SeriesFacts.of(volume(modality="", unit="HU")).effective_modality == "CT"
    assert not [c for c in fit(manifest, SeriesFacts.of(volume(modality="", unit="HU"))).cautions if "kind of scan" in c]


def test_a_body_part_is_recognised_inside_a_longer_word(manifest):
    assert fit(manifest, SeriesFacts.of(volume(body_part="headneck"))).fits


def test_packages_are_found_and_broken_ones_named(tmp_path):
    write_tiny_package(tmp_path / "a" / "one", model_id="one")
    write_tiny_package(tmp_path / "a" / "two", model_id="two")
    (tmp_path / "a" / "two" / "model.onnx").write_bytes(b"")
    (tmp_path / "a" / "notes").mkdir()
    single = write_tiny_package(tmp_path / "three", model_id="three")
    catalogue = Catalogue([tmp_path / "a", single, tmp_path / "nowhere"])
    assert [p.id for p in catalogue.packages()] == ["one", "three"]
    ((folder, reason),) = catalogue.broken()
    assert folder.name == "two"
    assert "model.onnx" in reason
    with pytest.raises(BadPackage, match=r"model\.onnx"):
        catalogue.get("two")


def test_an_unknown_model_is_answered_with_the_known_ones(tmp_path):
    write_tiny_package(tmp_path / "one", model_id="one")
    with pytest.raises(NoModelFits, match="Installed: one"):
        Catalogue([tmp_path]).get("other")


def test_a_users_package_can_not_take_a_bundled_id(tmp_path):
    bundled = write_tiny_package(tmp_path / "bundled" / "m", model_id="m")
    write_tiny_package(tmp_path / "user" / "m", model_id="m", thresholds=(0.2, 0.3))
    catalogue = Catalogue([tmp_path / "bundled", tmp_path / "user"])
    assert catalogue.get("m").folder == bundled
    assert "belongs to the package" in catalogue.broken()[0][1]


def test_a_package_that_comes_later_is_seen_after_a_refresh(tmp_path):
    catalogue = Catalogue([tmp_path])
    assert catalogue.packages() == []
    write_tiny_package(tmp_path / "one", model_id="one")
    catalogue.refresh()
    assert [p.id for p in catalogue.packages()] == ["one"]
