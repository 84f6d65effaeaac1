"""A whole validation: look at model and data, measure what can be measured, say what could not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medviewer.core.errors import BadPackage, NothingReadable
from medviewer.core.progress import Progress
from medviewer.models.package import Package, open_package
from medviewer.resources import resources_folder
from medviewer.training.validation.facts import about_of, kept_provenance, model_facts, now, program_facts
from medviewer.training.validation.figures import Figures
from medviewer.training.validation.report import Measurements, write_report
from medviewer.training.validation.volumes.held_out import HeldOutRecipe, read_held_out
from medviewer.training.validation.volumes.pairs import find_pairs

RECIPE_NAME = "recipe.toml"


@dataclass(frozen=True, slots=True)
class Options:
    """Where to write, and how much to do (0: as much as the code says)."""

    output: Path
    predictions: Path | None = None
    heatmap_pictures: int = 0
    most_images: int = 0


def images_to_analyse(folder: Path, data: Path) -> list[Path]:
    """Acquired images that the program must analyse before they can be compared; none for synthetic heads and pictures."""
    package = open_package(folder)
    if package.manifest.model.family != "segmentation-3d":
        return []
    found = find_pairs(data, package.manifest.segments)
    return [pair.image for pair in found.pairs] if found is not None else []


def validate(folder: Path, data: Path, options: Options, progress: Progress) -> Figures:
    """Measure, write the report into ``options.output`` and return the figures.

    Raises `BadPackage`, `NothingReadable`, `Cancelled`.
    """
    package = open_package(folder)
    if not data.is_dir():
        raise NothingReadable(data, "it is no folder")
    family = package.manifest.model.family
    if family == "classification-2d":
        from medviewer.training.validation.pictures.run import measure_pictures

        measured = measure_pictures(package, data, options.heatmap_pictures, options.most_images, progress)
    elif family == "segmentation-3d":
        measured = _measure_volumes(package, data, options, progress)
    else:
        raise BadPackage(f"Models of family {family} can't be validated by this version.")
    figures = figures_of(package, measured, kept_provenance(folder))
    write_report(figures, measured, options.output)
    return figures


def figures_of(package: Package, measured: Measurements, provenance: dict[str, Any]) -> Figures:
    """The document. provenance : how the weights came about; the card's words may name what is in it."""
    return Figures(
        created=now(),
        program=program_facts(),
        model=model_facts(package),
        data=measured.data,
        segmentation=measured.segmentation,
        classification=measured.classification,
        explanation=measured.explanation,
        not_done=tuple(measured.not_done),
        about=about_of(package, provenance),
        provenance=provenance,
    )


def _measure_volumes(package: Package, data: Path, options: Options, progress: Progress) -> Measurements:
    from medviewer.training.validation.volumes.run import measure_pairs, measure_synthetic

    found = find_pairs(data, package.manifest.segments)
    if found is None:
        return measure_synthetic(package, recipe_of(package), data, options.most_images, progress)
    if options.predictions is None:
        raise NothingReadable(data, "its images have to be analysed by the program first (medviewer validate does that)")
    return measure_pairs(package, found, data, options.predictions, progress)


def recipe_of(package: Package) -> HeldOutRecipe:
    """The recipe that made the model: its own copy, or the program's of that name; raises `BadPackage` without one."""
    for path in _recipes(package):
        if path.is_file():
            return read_held_out(path)
    raise BadPackage(f"No recipe is known for {package.id}: put {RECIPE_NAME} into the package, which says which heads were kept apart.")


def _recipes(package: Package) -> Sequence[Path]:
    return package.folder / RECIPE_NAME, resources_folder() / "recipes" / f"{package.id}.toml"
