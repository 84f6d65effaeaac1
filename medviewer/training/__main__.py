"""``python -m medviewer.training train|package|pack``: the child process that trains."""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path

from medviewer.core.errors import Cancelled, MedviewerError
from medviewer.training.errors import BadRecipe
from medviewer.training.recipe_kinds.chest import ChestRecipe
from medviewer.training.recipe_kinds.classification import ClassificationRecipe
from medviewer.training.recipe_kinds.reading import read_any_recipe
from medviewer.training.recipe_kinds.synthesis import Recipe

_GO_ON = "Interrupted; the checkpoint is written. Go on with --resume."


def main() -> None:
    """Parse the arguments and run one step of the way from recipe to package; expected errors are one line and a code."""
    parser = argparse.ArgumentParser(prog="medviewer.training")
    steps = parser.add_subparsers(dest="step", required=True)
    for name in ("train", "package", "pack"):
        step = steps.add_parser(name)
        step.add_argument("recipe", type=Path)
        step.add_argument("--data", type=Path, help="folder with the data, in place of the recipe's")
        step.add_argument("--output", type=Path, required=True)
    steps.choices["train"].add_argument("--budget-minutes", type=float, default=90.0, help="for recipes of kind synthesis")
    steps.choices["train"].add_argument("--resume", action="store_true")
    steps.choices["train"].add_argument("--start-from", type=Path, help="an ONNX file or checkpoint whose weights are taken where they fit")
    steps.choices["train"].add_argument("--until-stdin-closes", action="store_true", help="stop, and save, when the parent is gone")
    steps.choices["package"].add_argument("--run", type=Path, required=True, help="the output folder of train")
    steps.choices["package"].add_argument("--most-images", type=int, default=0, help="of each head and contrast in the figures; 0 for all")
    steps.choices["package"].add_argument("--fast", action="store_true", help="the recipe's [fast] model, on the network's own grid")
    arguments = parser.parse_args()
    try:
        sys.exit(_run(arguments))
    except MedviewerError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except Exception:  # the edge of the process
        sys.exit(_failed(arguments.output))


def _run(arguments: argparse.Namespace) -> int:
    recipe = read_any_recipe(arguments.recipe)
    if isinstance(recipe, Recipe):
        if arguments.data is None:
            raise BadRecipe(f"{arguments.recipe} is of kind synthesis and needs --data, the folder with the label maps and their table.")
        return _run_synthesis(recipe, arguments)
    if isinstance(recipe, ChestRecipe) and arguments.step in ("pack", "package"):
        return _run_chest(recipe, arguments)
    if arguments.step != "train":
        raise BadRecipe(f"{arguments.recipe} is of kind {recipe.kind}: train does it all, and ends in a package with its figures.")
    from medviewer.training.stopping import StopRequest, only_run_in
    from medviewer.training.supervised import PACKAGE, Place

    arguments.output.mkdir(parents=True, exist_ok=True)
    is_stopped = StopRequest(watch_parent=arguments.until_stdin_closes)
    place = Place(arguments.recipe, arguments.output, arguments.data)
    with only_run_in(arguments.output):
        if (arguments.output / PACKAGE).exists():
            _say(f"This run is finished: {arguments.output / PACKAGE}")
            return 0
        package: Path | None
        if isinstance(recipe, ChestRecipe):
            from medviewer.training.chest.packaging import train_and_package

            package = train_and_package(recipe, place, _say, is_stopped)
        elif isinstance(recipe, ClassificationRecipe):
            from medviewer.training.pictures.training import train_pictures

            package = train_pictures(recipe, place, _say, is_stopped)
        else:
            from medviewer.training.volumes.training import train_volumes

            package = train_volumes(recipe, place, _say, is_stopped)
    if package is None:
        _say(_GO_ON)
        return Cancelled.exit_code
    _say(f"Done: {package}")
    return 0


def _run_synthesis(recipe: Recipe, arguments: argparse.Namespace) -> int:
    if arguments.step == "train":
        return _train_synthesis(recipe, arguments)
    if arguments.step == "pack":
        from medviewer.training.sprint.heads_pack import pack_heads

        for path in pack_heads(recipe, arguments.data, arguments.output):
            _say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
        return 0
    from medviewer.training.heads.package import build_package

    data, run, output = arguments.data, arguments.run, arguments.output
    build_package(recipe, arguments.recipe, data, run, output, fast=arguments.fast, most_images=arguments.most_images)
    return 0


def _run_chest(recipe: ChestRecipe, arguments: argparse.Namespace) -> int:
    """To another machine and back; on this one, train does it all."""
    if arguments.data is None:
        raise BadRecipe(f"{arguments.recipe} is of kind {recipe.kind} and needs --data, the folder that holds kermany-train and adults.")
    if arguments.step == "pack":
        from medviewer.training.sprint.chest_pack import pack_chest

        for path in pack_chest(recipe, arguments.data, arguments.output):
            _say(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    else:
        from medviewer.training.chest.packaging import build_chest_package

        build_chest_package(recipe, arguments.recipe, arguments.data, arguments.run, arguments.output)
    return 0


def _train_synthesis(recipe: Recipe, arguments: argparse.Namespace) -> int:
    from medviewer.training.heads.loop import Run, load_data
    from medviewer.training.stopping import interrupt_without_parent, only_run_in

    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.until_stdin_closes:
        interrupt_without_parent()
    with only_run_in(arguments.output):
        run = Run(recipe, load_data(recipe, arguments.data), arguments.output, arguments.budget_minutes * 60)
        if arguments.resume:
            run.resume()
        elif arguments.start_from is not None:
            run.start_from(arguments.start_from)
        try:
            run.train()
        except KeyboardInterrupt:
            run.save()
            _say(_GO_ON)
            return Cancelled.exit_code
    return 0


def _failed(output: Path) -> int:
    """Keep the traceback of a defect where the run is, and say where."""
    folder = output if output.is_dir() else Path.cwd()
    report = folder / "failure.txt"
    report.write_text(traceback.format_exc(), encoding="utf-8")
    _say(f"Something went wrong that should not have. The details are in {report}")
    return 1


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
