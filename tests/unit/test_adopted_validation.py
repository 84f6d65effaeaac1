"""A validation's findings go into the manifest of the package it judged, and into no other."""

from __future__ import annotations

import hashlib

import pytest

pytest.importorskip("sklearn", reason="the extra [train] is not installed")
from support.tiny_pictures import write_tiny_reader

from medviewer.core.errors import BadPackage
from medviewer.models.manifest import parse_manifest
from medviewer.models.package import open_package
from medviewer.training.adopt import adopt, merged
from medviewer.training.validation.card import write_card
from medviewer.training.validation.figures import (
    DataFacts,
    ExplanationFigures,
    Figures,
    Measured,
    ModelFacts,
    SegmentationFigures,
    VolumeInterval,
)
from medviewer.training.validation.report import manifest_additions

REGION = (slice(0, 40), slice(0, 40))


def interval(**changes):
    entry = {"structure": "left x", "segments": (1,), "resolution": "up to 2 mm", "max_spacing_mm": 2.0, "half": 0.1234, "wanted": 0.9}
    return VolumeInterval(**{**entry, "images": 40, "coverage": 0.93, "coverage_images": 30, **changes})


def figures(sha256, **parts):
    model = ModelFacts(
        id="tiny-reader", version="1.0.0", name="Tiny reader", family="classification-2d", sha256=sha256, intended_use="research"
    )
    data = DataFacts(kind="pictures", name="data", images=9, patients=9, sha256="0" * 64, kept_apart="Yes.")
    return Figures(created="2026-01-01T00:00:00Z", program={}, model=model, data=data, **parts)


EXPLAINED = ExplanationFigures(pictures=9, rivals=(), randomised=(), collapsed=True, verdict='No "better" than chance.', show=False)


def report_of(folder, found):
    folder.mkdir()
    (folder / "figures.json").write_text(found.to_json(), encoding="utf-8")
    (folder / "plot-auc.svg").write_text("<svg/>", encoding="utf-8")
    write_card(found, folder / "card.md", ["plot-auc.svg"])
    return folder


def test_the_verdict_and_the_card_are_taken_over_and_the_package_still_opens(tmp_path):
    package = write_tiny_reader(tmp_path / "package", REGION)
    report = report_of(tmp_path / "report", figures(open_package(package).sha256, explanation=EXPLAINED))
    adopt(package, report)
    adopt(package, report)  # twice is the same as once
    manifest = open_package(package).manifest
    assert manifest.explanation.verdict == 'No "better" than chance.'
    assert manifest.explanation.show is False
    assert manifest.files.card.sha256 == hashlib.sha256((report / "card.md").read_bytes()).hexdigest()
    assert (package / "plot-auc.svg").is_file()
    assert manifest.gate.scores[0].name == "level"


def test_figures_of_another_network_are_refused_and_nothing_changes(tmp_path):
    package = write_tiny_reader(tmp_path / "package", REGION)
    before = (package / "model.toml").read_text(encoding="utf-8")
    with pytest.raises(BadPackage, match="judged another network"):
        adopt(package, report_of(tmp_path / "report", figures("1" * 64, explanation=EXPLAINED)))
    assert (package / "model.toml").read_text(encoding="utf-8") == before


def test_volume_intervals_are_what_the_manifest_takes(tmp_path):
    segmentation = SegmentationFigures(
        grid="",
        mean_dice=Measured(),
        side_errors=Measured(),
        structures={},
        cases=(),
        volume_intervals=(
            interval(),
            interval(segments=(1, 2), max_spacing_mm=5.0),
            interval(half=None, coverage=None),
            interval(half=1.4),
        ),
    )
    additions = manifest_additions(figures("0" * 64, segmentation=segmentation))
    text = (write_tiny_reader(tmp_path / "package", REGION) / "model.toml").read_text(encoding="utf-8")
    once = merged(text, additions, "a" * 64)
    assert merged(once, additions, "a" * 64) == once
    entries = parse_manifest(once).calibration.volume
    assert [(e.segments, e.max_spacing_mm, e.relative, e.coverage, e.measured_coverage) for e in entries] == [
        ((1,), 2.0, 0.124, 0.9, 0.93),
        ((1, 2), 5.0, 0.124, 0.9, 0.93),
    ]
