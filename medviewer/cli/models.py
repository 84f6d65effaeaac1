"""``medviewer models``: what is installed, adding and removing, and what authors of packages need."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medviewer.cli.shared import AsJson, print_json, shown_progress

if TYPE_CHECKING:
    from medviewer.app.model_documents import CheckDocument

models = typer.Typer(help="Installed models, and the workshop for authors of packages.", no_args_is_help=True)

Static = Annotated[bool, typer.Option("--static", help="Run nothing: look at files, digests, manifest and network only.")]


class SkeletonFamily(StrEnum):
    """What `new` has a skeleton for."""

    SEGMENTATION_3D = "segmentation-3d"
    CLASSIFICATION_2D = "classification-2d"


@models.command("list")
def list_(as_json: AsJson = False) -> None:
    """List what is installed, and what can't be opened."""
    from medviewer.app.models import list_models

    document = list_models()
    if as_json:
        print_json(document.to_json())
        return
    for model in document.models:
        place = "bundled" if model.bundled else model.folder
        typer.echo(f"{model.id} {model.version}  {model.name}  {model.family}  {model.intended_use}  ({place})")
        if model.why_not is not None:
            typer.echo(f"  {model.why_not}")
    for broken in document.broken:
        typer.echo(f"not usable: {broken.reason}")
    if not document.models and not document.broken:
        typer.echo("No models are installed.")


@models.command()
def add(
    source: Annotated[Path, typer.Argument(help="A package: a folder or a ZIP.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of an installed one with the same id.")] = False,
) -> None:
    """Install a package for this user."""
    from medviewer.app.models import add_model

    package = add_model(source, replace=replace)
    typer.echo(f"Installed {package.id} {package.manifest.model.version} in {package.folder}")


@models.command()
def remove(model: Annotated[str, typer.Argument(metavar="ID", help="Id of an installed model.")]) -> None:
    """Remove one of the user's own models."""
    from medviewer.app.models import remove_model

    typer.echo(f"Removed {remove_model(model)}")


@models.command()
def check(
    package: Annotated[str, typer.Argument(metavar="FOLDER|ID", help="A package's folder, or the id of an installed model.")],
    static: Static = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong or unwise in a package, and run its golden input through the inference host."""
    from medviewer.app.check_models import check as run_check

    with shown_progress() as progress:
        document = run_check(package, progress, static=static)
    _report(document, as_json=as_json)


@models.command()
def verify(static: Static = False, as_json: AsJson = False) -> None:
    """Check every installed model: digests, and whether it computes here what it computed where it was made."""
    from medviewer.app.check_models import verify as run_verify

    with shown_progress() as progress:
        document = run_verify(progress, static=static)
    _report(document, as_json=as_json)


@models.command()
def new(
    folder: Annotated[Path, typer.Argument(help="Folder for the package; created, and refused if it holds anything.")],
    family: Annotated[SkeletonFamily, typer.Option("--family", help="What the model does.")],
    model_id: Annotated[str | None, typer.Option("--id", help="The model's id; by default the folder's name.")] = None,
) -> None:
    """Write the skeleton of a package, commented, to fill in."""
    from medviewer.models.skeleton import valid_id, write_skeleton

    name = model_id or folder.resolve().name
    if not valid_id(name):
        raise typer.BadParameter(f"{name!r} can't be an id: lower case letters, digits and hyphens only. Name one with --id.")
    for path in write_skeleton(folder, family.value, name):
        typer.echo(f"wrote {path}")
    typer.echo(f"Next: put your network there as model.onnx, then medviewer models check {folder}")


@models.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="A package's folder.")],
    output: Annotated[Path | None, typer.Option("--output", help="The ZIP to write; by default ID-VERSION.zip here.")] = None,
) -> None:
    """Make a ZIP of a package with its digests filled in."""
    from medviewer.app.check_models import pack as run_pack

    archive, document = run_pack(folder, output)
    _print(document)
    typer.echo(f"wrote {archive}")


def _report(document: CheckDocument, *, as_json: bool) -> None:
    if as_json:
        print_json(document.to_json())
    else:
        _print(document)
    raise typer.Exit(document.exit_code)


def _print(document: CheckDocument) -> None:
    for package in document.packages:
        name = f"{package.id} {package.version}" if package.id else "(no manifest)"
        typer.echo(f"{name}  {package.folder}: {'in order' if package.ok else 'not usable'}")
        for remark in package.remarks:
            typer.echo(f"  {remark.level}: {remark.message}")
        if package.golden is not None:
            worst = max(package.golden.differences.values(), default=0.0)
            passed = "passed" if package.golden.passed else "failed"
            typer.echo(
                f"  golden {passed}: largest difference {worst:.3g}, allowed {package.golden.tolerance:g}, on {package.golden.provider}"
            )
