"""The commands: parse arguments, show progress, print results. Everything they do is a function of ``app``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from medviewer.cli.models import models
from medviewer.cli.shared import AsJson
from medviewer.cli.shared import print_json as _print_json
from medviewer.cli.shared import shown_progress as _shown_progress
from medviewer.core.errors import NoDisplay, NothingReadable
from medviewer.core.progress import Progress

app = typer.Typer(add_completion=False, no_args_is_help=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.add_typer(models, name="models")

Paths = Annotated[list[Path], typer.Argument(help="File, folder, ZIP, DICOMDIR or NIfTI.", show_default=False)]
Output = Annotated[Path, typer.Option("--output", help="Folder for the results; created, and refused if it holds anything.")]
Series = Annotated[str | None, typer.Option("--series", help="Series Instance UID, when only one series is wanted.")]


class DeviceName(StrEnum):
    """Where a model may run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class ExportFormat(StrEnum):
    """What `export` writes."""

    NIFTI = "nifti"
    NRRD = "nrrd"
    PNG = "png"


class RepairName(StrEnum):
    """What to do with series whose slices are tilted, unevenly spaced, or not all there."""

    RESAMPLE = "resample"
    SPLIT = "split"


RepairOption = Annotated[
    RepairName | None,
    typer.Option("--repair", help="Make volumes of tilted, unevenly spaced or gappy series: interpolate, or part them into even ones."),
]


def _version(wanted: bool) -> None:
    if wanted:
        from medviewer.app.version import program_version

        typer.echo(f"medviewer {program_version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Open DICOM studies, run models beside the images, save what was decided as DICOM."""
    del version
    if context.invoked_subcommand is None:
        raise typer.Exit(_open_window([]))


@app.command("open")
def open_(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, folders or ZIPs to open.")] = None,
    study: Annotated[str | None, typer.Option("--study", help="Study Instance UID to show first.")] = None,
    accession: Annotated[str | None, typer.Option("--accession", help="Accession number to show first.")] = None,
) -> None:
    """Open the window."""
    raise typer.Exit(_open_window(paths or [], study, accession))


def _refuse_missing(paths: list[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise NothingReadable(path, "there is no such file or folder")


def _open_window(paths: list[Path], study: str | None = None, accession: str | None = None) -> int:
    from medviewer.app.display import reason_against_a_window

    _refuse_missing(paths)
    reason = reason_against_a_window()
    if reason is not None:
        raise NoDisplay(reason)
    from medviewer.gui.application import run

    return run(paths, study_uid=study, accession=accession)


@app.command()
def demo(
    headless: Annotated[bool, typer.Option("--headless", help="Analyse the sample study without a window.")] = False,
    output: Annotated[Path | None, typer.Option("--output", help="Folder for the results (with --headless).")] = None,
) -> None:
    """Try the program on a synthetic sample study."""
    from medviewer.app.demo import DEMO_MODEL, sample_study

    if headless:
        if output is None:
            raise typer.BadParameter("--headless needs --output")
        with _shown_progress() as progress:
            study = sample_study(progress.part(0.0, 0.1))
            code = _analyze([study], DEMO_MODEL, output, "auto", None, None, as_json=False, progress=progress.part(0.1, 1.0))
        raise typer.Exit(code)
    with _shown_progress() as progress:
        study = sample_study(progress)
    raise typer.Exit(_open_window([study]))


@app.command()
def analyze(
    paths: Paths,
    model: Annotated[str, typer.Option("--model", help="Id of an installed model.")],
    output: Output,
    device: Annotated[DeviceName, typer.Option("--device", help="Where to run.")] = DeviceName.AUTO,
    series: Series = None,
    repair: RepairOption = None,
    mirror: Annotated[
        bool | None, typer.Option("--mirror/--no-mirror", help="Average over mirror images too, for models that can; takes longer.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a model and write what it says, as proposed: nothing is verified without a person."""
    with _shown_progress() as progress:
        code = _analyze(paths, model, output, device.value, series, repair, as_json=as_json, progress=progress, mirror=mirror)
    raise typer.Exit(code)


def _analyze(
    paths: list[Path],
    model: str,
    output: Path,
    device: Any,
    series: str | None,
    repair: RepairName | None,
    *,
    as_json: bool,
    progress: Progress,
    mirror: bool | None = None,
) -> int:
    from medviewer.app.analyze import analyze as run_analysis
    from medviewer.app.models import installed_models
    from medviewer.app.repair import Repair

    wanted = Repair(repair.value) if repair is not None else None
    outcome = run_analysis(
        paths, model, output, installed_models(), progress, device=device, series_uid=series, repair=wanted, mirror=mirror
    )
    if as_json:
        _print_json(outcome.result.to_json())
    else:
        from medviewer.cli.summary import summarise_result

        for line in summarise_result(outcome.result, output):
            typer.echo(line)
    return outcome.exit_code


@app.command()
def inspect(
    paths: Paths,
    as_json: AsJson = False,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every frame and print the SHA-256 of its stored values.")] = False,
) -> None:
    """List studies and series, whether each makes a volume, and if not why."""
    from medviewer.app.inspect import inspect_paths

    _refuse_missing(paths)
    with _shown_progress() as progress:
        document = inspect_paths(paths, decode=decode, progress=progress)
    if as_json:
        _print_json(document.to_json())
    else:
        from medviewer.cli.summary import summarise_inspection

        for line in summarise_inspection(document):
            typer.echo(line)
    if document.counts.opened == 0:
        raise typer.Exit(NothingReadable.exit_code)


@app.command()
def export(
    paths: Paths,
    output: Output,
    format_: Annotated[ExportFormat, typer.Option("--format", help="What to write.")],
    series: Series = None,
    repair: RepairOption = None,
) -> None:
    """Write series as NIfTI, NRRD or PNG."""
    from medviewer.app.export import export as run_export
    from medviewer.app.repair import Repair
    from medviewer.core.errors import PARTLY_DONE

    with _shown_progress() as progress:
        exported = run_export(paths, output, format_.value, progress, series, Repair(repair.value) if repair is not None else None)
    for path in exported.files:
        typer.echo(str(path))
    for name, reason in exported.failed:
        typer.echo(f"{name}: {reason}", err=True)
    raise typer.Exit(PARTLY_DONE if exported.failed else 0)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check versions, devices, display and codecs, and say what to do about each lack."""
    from medviewer.app.doctor import examine

    with _shown_progress() as progress:
        report = examine(progress)
    if as_json:
        _print_json(report.to_json())
    else:
        for line in report.lines():
            typer.echo(line)
    raise typer.Exit(0)


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as resources/recipes/tiny.toml.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder for checkpoint, progress and package; RECIPE-run if left out.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the output folder.")] = False,
    data: Annotated[Path | None, typer.Option("--data", help="Folder with the data, in place of the one the recipe names.")] = None,
    budget_minutes: Annotated[
        float | None, typer.Option("--budget-minutes", help="How long to train a recipe of kind synthesis; others count in steps.")
    ] = None,
) -> None:
    """Train a model in a child process, up to a model package in OUTPUT/package (needs the extra [train])."""
    from medviewer.app.train import start_training

    raise typer.Exit(start_training(recipe, output, data=data, budget_minutes=budget_minutes, resume=resume))


@app.command()
def validate(
    model: Annotated[str, typer.Argument(help="Id of an installed model, or a package folder.")],
    data: Annotated[Path, typer.Argument(help="Folder with label maps, image and reference pairs, or pictures with labels.csv.")],
    output: Output,
    heatmap_pictures: Annotated[int, typer.Option("--heatmap-pictures", min=0, help="Test heatmaps on so many pictures only.")] = 0,
    most_images: Annotated[int, typer.Option("--most-images", min=0, help="A quick look: so many images of each kind only.")] = 0,
) -> None:
    """Measure how good a model is, and write its figures and card (needs the extra [train])."""
    from medviewer.app.validate import validate as run_validation

    with _shown_progress() as progress:
        found = run_validation(model, data, output, progress, heatmap_pictures=heatmap_pictures, most_images=most_images)
    for table in found.tables:
        typer.echo(table)
    for line in found.not_done:
        typer.echo(f"Not measured: {line}", err=True)
