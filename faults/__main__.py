"""`make faults`: hurt an authority in every way for some minutes, and let an independent checker walk everything afterwards."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NoReturn

from faults import report
from faults.nodes import NotReady
from faults.on_postgresql import postgres_house
from faults.on_sqlite import sqlite_house
from faults.replicas import DatabaseLost
from faults.suite import Plan, run

_LEASES_END_WITHIN = 90.0
HOUSES: dict[str, Callable[[Path], AbstractContextManager[Any]]] = {
    "postgresql": postgres_house,
    "sqlite": sqlite_house,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 where the checker found nothing, 1 where it did, 2 where the authority did not come back."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    worst = 0
    for name in asked.only:
        print(f"{name}: seed {seed}, {asked.seconds:.0f} s of faults, {asked.clients} clients", flush=True)
        folder = Path(tempfile.mkdtemp(prefix=f"directca-faults-{name}-"))
        try:
            with HOUSES[name](folder) as house:
                done = run(
                    house,
                    Plan(seed, asked.seconds, asked.clients, patience=_LEASES_END_WITHIN),
                    lambda line: print(f"  {line}", flush=True),
                )
        except (NotReady, DatabaseLost) as error:
            print(f"{name}: {error}\nEverything is in {folder}.", file=sys.stderr)
            return 2
        print(report.text(done), flush=True)
        worst = max(worst, 1 if done.count else 0)
        if done.count:
            print(f"The diary, what was signed and the logs are in {folder}. Again: --only {name} --seed {seed}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return worst


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m faults", description="Never lost, never twice: an authority under faults.")
    parser.add_argument("--only", type=_names, default=tuple(HOUSES), metavar="NAMES", help=f"some of {','.join(HOUSES)}")
    parser.add_argument("--seconds", type=float, default=120.0, help="for how long faults are done, on each engine")
    parser.add_argument("--clients", type=int, default=6, help="how many clients load it")
    parser.add_argument("--seed", type=int, help="the plan of an earlier run")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in HOUSES]:
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; there are {', '.join(HOUSES)}")
    return names


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
