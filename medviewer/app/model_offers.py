"""Which models suit what is on display."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from medviewer.core.study import Stack
from medviewer.core.volume import Volume
from medviewer.dicom.frames import DecodedImage
from medviewer.models.catalogue import Fit, SeriesFacts, fit
from medviewer.models.package import Package


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """An installed model and whether it suits a series or an image."""

    package: Package
    fit: Fit


def offers_for_volume(packages: Iterable[Package], volume: Volume) -> list[ModelOffer]:
    """All of the packages, fitting ones first, each with the reasons for or against this volume."""
    facts = SeriesFacts.of(volume)
    return _fitting_first(ModelOffer(package, fit(package.manifest, facts)) for package in packages)


def offers_for_image(packages: Iterable[Package], stack: Stack, image: DecodedImage) -> list[ModelOffer]:
    """The same for one image of a stack."""
    from medviewer.imaging.picture_colour import is_colourful

    rows, columns = image.pixels.shape[:2]
    facts = SeriesFacts(
        stack.modality.strip().upper(),
        stack.body_part.strip().upper(),
        (columns, rows, 1),
        (1.0, 1.0, 1.0),
        view=image.view.name.strip().upper(),
        is_colourful=image.is_colour and is_colourful(image.pixels.astype(np.uint8, copy=False)),
    )
    needs_volume = _needs_volume(stack)
    return _fitting_first(
        ModelOffer(package, fit(package.manifest, facts) if package.manifest.takes_pictures else needs_volume) for package in packages
    )


def _needs_volume(stack: Stack) -> Fit:
    if len(stack.images) == 1:
        return Fit(False, ("The model is made for volumes; this is a single picture.",))
    why = f" ({stack.why_not})" if stack.why_not else ""
    return Fit(False, (f"The model is made for volumes, and this series makes no volume{why}.",))


def _fitting_first(offers: Iterable[ModelOffer]) -> list[ModelOffer]:
    return sorted(offers, key=lambda offer: (not offer.fit.fits, offer.package.manifest.model.id))
