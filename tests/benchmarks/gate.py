"""Whether the brain model's gate refuses what is no head and lets heads through.

    python tests/benchmarks/gate.py measure --package resources/models/brain-structures --data DATA --output measures.jsonl
    python tests/benchmarks/gate.py fit measures.jsonl --template resources/recipes/brain-structures.manifest.toml
    python tests/benchmarks/gate.py table measures.jsonl --manifest resources/models/brain-structures/model.toml [--write PAGE]

``measure`` runs the package over every input of `gate_inputs` (needs PyTorch; about half an hour on two cores), as the
program's inference host does, and keeps what the gate judges. ``fit`` draws the bounds from the right inputs of the
heads that tuned the model and the real ones, and writes them into a manifest. ``table`` judges by a manifest's bounds.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure, fit and report the brain model's gate.")
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("--package", type=Path, required=True)
    measuring.add_argument("--data", type=Path, required=True, help="folder with brain-label-maps, dicom and nifti")
    measuring.add_argument("--recipe", type=Path, default=ROOT / "resources/recipes/brain-structures.toml")
    measuring.add_argument("--output", type=Path, required=True)
    measuring.add_argument("--each", type=int, default=6, help="inputs of each kind and split")
    fitting = commands.add_parser("fit")
    fitting.add_argument("measures", type=Path)
    fitting.add_argument("--template", type=Path, required=True, help="the manifest whose [gate] is written anew")
    table = commands.add_parser("table")
    table.add_argument("measures", type=Path)
    table.add_argument("--manifest", type=Path, required=True)
    table.add_argument("--write", type=Path, help="a page whose table is replaced")
    given = parser.parse_args()
    if given.command == "measure":
        measure(given.package, given.data, given.recipe, given.output, given.each)
    elif given.command == "fit":
        from benchmarks.gate_fit import fit

        fit(read(given.measures), given.template)
    else:
        from benchmarks.gate_table import show

        show(read(given.measures), given.manifest, given.write)


def read(path: Path) -> list[dict[str, Any]]:
    """The measures, one input a row."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def measure(folder: Path, data: Path, recipe_path: Path, output: Path, each: int) -> None:
    """Run the package over every input, one of each kind after another, and add a line for each; goes on where it stopped."""
    from benchmarks import gate_inputs as inputs

    from medviewer.core.progress import Progress
    from medviewer.inference.families import segmentation_3d
    from medviewer.inference.sessions import Networks, Stop
    from medviewer.training.recipe_kinds.synthesis import read_recipe

    network = Networks().open(folder.resolve(), "cpu")
    heads = inputs.Heads(data / "brain-label-maps", read_recipe(recipe_path))
    boxes: dict[str, Any] = {}

    def brain_box(name: str) -> Any:
        if name not in boxes:
            answer = segmentation_3d.run(network, inputs.real_volume(data, name), Progress(), Stop())
            boxes[name] = inputs.corners(answer)
        return boxes[name]

    tasks = [*inputs.right_tasks(heads, each), *inputs.real_tasks(data), *inputs.wrong_heads(heads, each)]
    tasks += [*inputs.wrong_real_heads(data, brain_box), *inputs.wrong_things(2 * each), *inputs.repeated_slices(data)]
    tasks = in_turns(tasks)
    done = {(row["source"], row["name"]) for row in read(output)} if output.exists() else set()
    with output.open("a", encoding="utf-8") as file:
        for number, task in enumerate(tasks, start=1):
            if (task.source, task.name) in done:
                continue
            answer = segmentation_3d.run(network, task.make(), Progress(), Stop())
            looks = answer.plausibility
            row = {"source": task.source, "right": task.right, "split": task.split, "name": task.name}
            row |= {"accepted": answer.gate.accepted, "reason": answer.gate.reason, "looks": asdict(looks) if looks else None}
            file.write(json.dumps(row) + "\n")
            file.flush()
            print(f"{number}/{len(tasks)} {task.source}: {'accepted' if answer.gate.accepted else 'refused'}", flush=True)


def in_turns(tasks: list[Any]) -> list[Any]:
    """Shuffled, and then one of each kind in turn, so that a run that is ended early has seen all of them."""
    random.Random(0).shuffle(tasks)
    seen: Counter[str] = Counter()
    turns = []
    for task in tasks:
        turns.append(seen[task.source])
        seen[task.source] += 1
    return [tasks[n] for n in sorted(range(len(tasks)), key=lambda n: turns[n])]


if __name__ == "__main__":
    main()
