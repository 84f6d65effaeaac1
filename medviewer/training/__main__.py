"""``python -m medviewer.training RECIPE --data DIR --output DIR``: the child process that trains."""

from __future__ import annotations

import argparse
from pathlib import Path

from medviewer.training.loop import Run, load_data
from medviewer.training.recipes import read_recipe


def main() -> None:
    """Parse the arguments, train, and leave checkpoint and progress in the output folder."""
    parser = argparse.ArgumentParser(prog="medviewer train")
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--budget-minutes", type=float, default=90.0)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    recipe = read_recipe(arguments.recipe)
    arguments.output.mkdir(parents=True, exist_ok=True)
    run = Run(recipe, load_data(recipe, arguments.data), arguments.output, arguments.budget_minutes * 60)
    if arguments.resume:
        run.resume()
    run.train()


if __name__ == "__main__":
    main()
