"""``python -m medviewer.training train|validate|package``: the child process that trains."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from medviewer.training.recipes import read_recipe


def main() -> None:
    """Parse the arguments and run one step of the way from recipe to package."""
    parser = argparse.ArgumentParser(prog="medviewer.training")
    steps = parser.add_subparsers(dest="step", required=True)
    for name in ("train", "validate", "package"):
        step = steps.add_parser(name)
        step.add_argument("recipe", type=Path)
        step.add_argument("--data", type=Path, required=True, help="folder with the label maps and their table")
        step.add_argument("--output", type=Path, required=True)
    steps.choices["train"].add_argument("--budget-minutes", type=float, default=90.0)
    steps.choices["train"].add_argument("--resume", action="store_true")
    steps.choices["train"].add_argument("--start-from", type=Path, help="an exported ONNX file whose weights are taken where they fit")
    steps.choices["validate"].add_argument("--network", type=Path, required=True, help="an exported ONNX file")
    steps.choices["package"].add_argument("--run", type=Path, required=True, help="the output folder of train")
    _run(parser.parse_args())


def _run(arguments: argparse.Namespace) -> None:
    recipe = read_recipe(arguments.recipe)
    if arguments.step == "train":
        from medviewer.training.loop import Run, load_data

        arguments.output.mkdir(parents=True, exist_ok=True)
        run = Run(recipe, load_data(recipe, arguments.data), arguments.output, arguments.budget_minutes * 60)
        if arguments.resume:
            run.resume()
        elif arguments.start_from is not None:
            run.start_from(arguments.start_from)
        run.train()
    elif arguments.step == "validate":
        from medviewer.training.validate import onnx_predictor, summarise, validate

        summary = summarise(recipe, validate(recipe, arguments.data, onnx_predictor(arguments.network)))
        arguments.output.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(json.dumps(summary) + "\n")
    else:
        from medviewer.training.package import build_package

        build_package(recipe, arguments.recipe, arguments.data, arguments.run, arguments.output)


if __name__ == "__main__":
    main()
