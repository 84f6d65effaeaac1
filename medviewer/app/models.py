"""Which models are installed."""

from __future__ import annotations

from medviewer.library.paths import model_folders
from medviewer.models.catalogue import Catalogue
from medviewer.resources import resources_folder


def installed_models() -> Catalogue:
    """The bundled models and the user's own."""
    return Catalogue([resources_folder() / "models", *model_folders()])
