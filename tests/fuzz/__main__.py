"""``python -m tests.fuzz --cases 100000 --seed 1``: a campaign by hand, with a table of verdicts at its end.

Failing inputs are kept in the output folder, one folder each, and a campaign that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.campaign import FAILURES, Campaign, Tally
from fuzz.cases import MUTATORS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help=f"mutators, comma-separated: {', '.join(MUTATORS)}, again")
    parser.add_argument("--output", type=Path, default=Path("out/fuzz"), help="folder for failing inputs and the state")
    parser.add_argument("--real", action="store_true", help="take small files of MEDVIEWER_TEST_DATA as seeds too")
    arguments = parser.parse_args()
    only = tuple(name for name in arguments.only.split(",") if name)
    if unknown := set(only) - {*MUTATORS, "again"}:
        parser.error(f"there are no mutators {', '.join(sorted(unknown))}")
    real = Path(os.environ["MEDVIEWER_TEST_DATA"]) if arguments.real else None
    began = time.monotonic()

    def say(tally: Tally) -> None:
        done = tally.total.total()
        bad = sum(tally.total[verdict] for verdict in FAILURES)
        print(f"\r{done} of {arguments.cases} cases, {bad} failed, {time.monotonic() - began:.0f} s ", end="", file=sys.stderr, flush=True)

    with Campaign(arguments.seed, only=only, kept=arguments.output, real=real) as campaign:
        tally = campaign.run(arguments.cases, arguments.jobs, say)
        print(file=sys.stderr)
        print(f"seed {arguments.seed}, {tally.total.total()} cases from {campaign.seed_files} seed files ({campaign.digest})")
    print(tally.table())
    print(
        f"longest case {tally.slowest_s:.2f} s of processor time, most memory {tally.largest_bytes >> 20} MiB, {tally.seconds:.0f} s in all"
    )
    for row in tally.failures[:40]:
        print(f"{row['verdict']} {row['mutator']} {row.get('number', '')} {row.get('seed', '')}: {row.get('error', '')[:200]}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
