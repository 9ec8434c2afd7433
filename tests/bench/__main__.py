"""Run benches: `python -m tests.bench [NAME ...]`, all of them by default. Ends with 1 where a result is not valid."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence, Set

from tests.bench import discovery, install, look, terminal

Bench = Callable[[], bool]

_BENCHES: Mapping[str, Bench] = {
    "look": look.run,
    "discovery": discovery.run,
    "install": install.run,
    "terminal": terminal.run,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="What things cost, beside their peers.")
    parser.add_argument("bench", nargs="*", help=f"one of: {', '.join(_BENCHES)} (default: all)")
    names = parser.parse_args().bench or [*_BENCHES]
    if unknown := [name for name in names if name not in _BENCHES]:
        parser.error(f"no such bench: {', '.join(unknown)}")
    return run([_BENCHES[name] for name in names])


def run(benches: Sequence[Bench]) -> int:
    """Run all. Return 1 where one of them found that its figures mean nothing, whatever they are."""
    cpus = os.sched_getaffinity(0)
    valid = [_run_on(cpus, bench) for bench in benches]
    return 0 if all(valid) else 1


def _run_on(cpus: Set[int], bench: Bench) -> bool:
    # The bench before may have kept to one CPU.
    os.sched_setaffinity(0, cpus)
    return bench()


if __name__ == "__main__":
    sys.exit(main())
