"""`make bench`: how fast, as ratios in one run. `python -m bench --help` names the parts."""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from demo.visitor import Lost

from bench import (
    addresses,
    bulk,
    console,
    crl,
    engines,
    freshness,
    issue,
    machine,
    notices,
    ocsp,
    others,
    overload,
    query,
    results,
    start,
    steady,
    token,
)
from bench.results import Result
from bench.server import Failed

OUT = Path(__file__).resolve().parent / "out"
BENCHES: dict[str, Callable[..., Result]] = {
    "start": start.measure,
    "issue": issue.measure,
    "engines": engines.measure,
    "others": others.measure,
    "token": token.measure,
    "query": query.measure,
    "console": console.measure,
    "ocsp": ocsp.measure,
    "crl": crl.measure,
    "freshness": freshness.measure,
    "bulk": bulk.measure,
    "addresses": addresses.measure,
    "notices": notices.measure,
    "overload": overload.measure,
    "steady": steady.measure,
}
LONG: dict[str, Callable[..., Result]] = {"steady": partial(steady.measure, long=True)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for. Returns the exit code: figures never fail, only what cannot be measured does."""
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    OUT.mkdir(exist_ok=True)
    began = time.monotonic()
    here = machine.facts(OUT)
    print(f"{here['cores']} cores, {here['processor']}; Python {here['python']}, {here['openssl']}, SQLite {here['sqlite']}")
    print(f"load {here['load_before']} before; a durable write takes {here['durable_write_ms']} ms\n")
    benches = BENCHES | LONG if asked.long else BENCHES
    for name in asked.only:
        # Beside the results, which are on a disk: where a system keeps its temporary files may be memory, and commits cheap.
        with tempfile.TemporaryDirectory(prefix="run-", dir=OUT) as folder:
            try:
                result = benches[name](Path(folder), quick=asked.quick)
            except (Failed, Lost, OSError) as error:
                print("\n".join([f"{name}: {error}", *getattr(error, "__notes__", ())]), file=sys.stderr)
                return 1
            except KeyboardInterrupt:
                return 130
        results.show(result)
        results.write(result, OUT, here, quick=asked.quick)
    print(f"Done in {time.monotonic() - began:.0f} s; the figures are in bench/out.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast the authority is, as ratios in one run.")
    names = ",".join(BENCHES)
    parser.add_argument("--only", type=_names, default=tuple(BENCHES), metavar="NAMES", help=f"some of {names}")
    parser.add_argument("--long", action="store_true", help=f"more of {', '.join(LONG)}: an hour, and seventy gigabytes")
    parser.add_argument("--quick", action="store_true", help="less of everything: for a first look, not for comparing")
    return parser


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    if unknown := [name for name in names if name not in BENCHES]:
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}; there are {', '.join(BENCHES)}")
    return names


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
