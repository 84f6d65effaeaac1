"""Which models are installed, and putting packages in and taking them out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from medviewer.app.model_documents import BrokenModel, InstalledModel, ModelsDocument
from medviewer.core.errors import BadPackage, CannotWrite, NoModelFits
from medviewer.library.paths import model_folders
from medviewer.models.archive import copy_package, unpack
from medviewer.models.catalogue import Catalogue
from medviewer.models.package import Package, open_package
from medviewer.resources import resources_folder


def installed_models() -> Catalogue:
    """The bundled models and the user's own."""
    return Catalogue([bundled_folder(), *model_folders()])


def bundled_folder() -> Path:
    """Where the program's own models are."""
    return resources_folder() / "models"


def is_bundled(package: Package) -> bool:
    """Whether a package came with the program."""
    return package.folder.parent == bundled_folder()


def list_models() -> ModelsDocument:
    """Everything that is installed, and what can't be opened."""
    catalogue = installed_models()
    models = [_described(package) for package in catalogue.packages()]
    return ModelsDocument(
        schema="medviewer/models/1",
        models=models,
        broken=[BrokenModel(folder=str(folder), reason=reason) for folder, reason in catalogue.broken()],
    )


def _described(package: Package) -> InstalledModel:
    model = package.manifest.model
    return InstalledModel(
        id=model.id,
        version=model.version,
        name=model.name["en"],
        family=model.family,
        bundled=is_bundled(package),
        folder=str(package.folder),
        sha256=package.sha256,
        intended_use=model.intended_use,
        license=model.license.weights,
        why_not=why_not_runnable(package),
    )


def why_not_runnable(package: Package) -> str | None:
    """Why this program can't run a package that is in order; None if it can."""
    from medviewer.inference.families.table import refuse_unsupported

    try:
        refuse_unsupported(package.manifest)
    except BadPackage as error:
        return str(error)
    return None


def add_model(source: Path, *, replace: bool = False) -> Package:
    """Copy a package, a folder or a ZIP, to the user's models; returns it as installed.

    It is verified before and after it is copied, and appears complete or not at all. Raises `BadPackage` for one that
    isn't in order or has a bundled model's id, `CannotWrite` for an id that is there already (without ``replace``)
    or lies in a folder that isn't the program's own.
    """
    own = _own_folder()
    with _working_folder(own) as working:
        if source.is_dir():
            open_package(source)
            arrived = copy_package(source, working / "package")
        elif source.is_file():
            arrived = unpack(source, working / "package")
        else:
            raise BadPackage(f"{source} is neither a folder nor a ZIP.")
        package = open_package(arrived)
        why_not = why_not_runnable(package)
        if why_not is not None:
            raise BadPackage(why_not)
        _make_room(package.id, own, working, replace=replace)
        target = own / package.id
        _move(arrived, target)
    return open_package(target)


def remove_model(model_id: str) -> Path:
    """Delete one of the user's packages, also one that can't be opened; returns the folder that was deleted.

    Raises `NoModelFits` for an id that isn't there, `CannotWrite` for a bundled model and for one in a folder
    that isn't the program's own.
    """
    own, folder = _own_folder(), _folder_of(model_id)
    if folder.parent != own or folder.is_symlink():
        came = "came with the program" if folder.parent == bundled_folder() else f"lies in {folder}, where the program only reads"
        raise CannotWrite(f"Model {model_id} {came}; it can't be removed here.")
    with _working_folder(own) as working:
        _move(folder, working / "removed")
    return folder


def _folder_of(model_id: str) -> Path:
    catalogue = installed_models()
    for package in catalogue.packages():
        if package.id == model_id:
            return package.folder
    for folder, _ in catalogue.broken():
        if folder.name == model_id:
            return folder
    known = ", ".join(sorted(package.id for package in catalogue.packages())) or "none"
    raise NoModelFits(f"There is no model {model_id!r}. Installed: {known}.")


def _make_room(model_id: str, own: Path, working: Path, *, replace: bool) -> None:
    """Refuse an id that is taken; with ``replace``, move the user's package of that id away."""
    holder = next((package for package in installed_models().packages() if package.id == model_id), None)
    if holder is not None and is_bundled(holder):
        raise BadPackage(f"The id {model_id} belongs to a model that came with the program. Give the package another id.")
    if holder is not None and holder.folder.parent != own:
        raise CannotWrite(f"A model {model_id} lies in {holder.folder} already, where the program only reads. Remove it there first.")
    taken = {folder for folder in (own / model_id, holder.folder if holder else None) if folder is not None and folder.exists()}
    if taken and not replace:
        version = f" {holder.manifest.model.version}" if holder else ""
        raise CannotWrite(f"A model {model_id}{version} is there already. Replace it with --replace, or remove it first.")
    for number, folder in enumerate(sorted(taken)):
        _move(folder, working / f"replaced-{number}")


def _own_folder() -> Path:
    folder = model_folders()[0]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"{folder} can't be made: {error.strerror or error}.") from error
    return folder


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        raise CannotWrite(f"{source} can't be moved: {error.strerror or error}. Close programs that use it.") from error


@contextmanager
def _working_folder(own: Path) -> Iterator[Path]:
    """A hidden folder beside the packages, on the same disk, that is gone afterwards."""
    folder = own / f".{uuid4().hex[:12]}"
    try:
        folder.mkdir()
    except OSError as error:
        raise CannotWrite(f"{own} can't be written to: {error.strerror or error}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
