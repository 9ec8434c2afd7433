"""The look of the integrity watch beside other ways to look at the same leaves."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.farm import Farm, farm
from tests.bench.gate import Gate
from tests.bench.report import table
from tests.bench.rounds import Row, Turn, run_rounds
from tests.bench.tools import CProgram, Curl, SClient, open_ways
from tests.bench.ways import BarestPython, OurLook, Way

_SIZES = (200, 1000)
_AT_ONCE = 64
_ROUNDS = 5
_SLOW_ROUNDS = 3
_SLOW = 0.1
_SLOW_AT_ONCE = (64, 256)


def run() -> bool:
    """Print the tables. Return whether each sweep saw every leaf, and no device more than it should have."""
    client, server = _split_cpus()
    with TemporaryDirectory() as folder, farm(max(_SIZES), server) as leaves:
        ways, missing = ways_here(Path(folder))
        os.sched_setaffinity(0, {client})
        _introduce(ways, missing)
        gate = Gate(leaves)
        for way in ways:
            gate.sweep_wrongly(way, leaves.targets[: min(_SIZES)], _AT_ONCE)
        for size in _SIZES:
            _print(f"{size:,} leaves, {_AT_ONCE} at once", _compare(gate, ways, leaves, size))
        title = f"{max(_SIZES):,} leaves of devices that take {_SLOW * 1000:.0f} ms longer"
        _print(title, _compare_slow(gate, [ways[0], OurLook()], leaves))
    _conclude(gate)
    return not gate.problems


def ways_here(folder: Path) -> tuple[list[Way], list[str]]:
    """Return the ways that are open on this machine, the base first, and why the others are not.

    `folder` is for what has to be compiled, and has to outlive the ways.
    """
    return open_ways([partial(CProgram, folder), BarestPython, OurLook, Curl, SClient])


def _split_cpus() -> tuple[int, int]:
    """Return a CPU for the clients and one for the farm: at best two, which never wait for each other."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) == 1:
        print("Only one CPU: the clients share it with the farm, and the figures are worthless.\n")
    return cpus[0], cpus[-1]


def _introduce(ways: Sequence[Way], missing: Sequence[str]) -> None:
    print(f"The base of the ratios is: {ways[0].name}.")
    for way in ways:
        print(f"  {way.name}: {way.version}")
    for reason in missing:
        print(f"  left out: {reason}")
    print()


def _compare(gate: Gate, ways: Sequence[Way], leaves: Farm, size: int) -> list[Row]:
    targets = leaves.targets[:size]
    turns = [
        Turn(way.name, _sends(way), partial(gate.sweep, way, targets, _AT_ONCE)) for way in ways if size <= way.most
    ]
    return run_rounds(turns, _ROUNDS, size)


def _compare_slow(gate: Gate, ways: Sequence[Way], leaves: Farm) -> list[Row]:
    turns = [
        Turn(
            f"{way.name}, {at_once} at once",
            _sends(way),
            partial(gate.sweep, way, leaves.targets, at_once, delay=_SLOW),
        )
        for way in ways
        for at_once in _SLOW_AT_ONCE
    ]
    return run_rounds(turns, _SLOW_ROUNDS, len(leaves.targets))


def _sends(way: Way) -> str:
    return "nothing" if way.silent else "a request"


def _print(title: str, rows: Sequence[Row]) -> None:
    print(*table(title, rows), sep="\n", flush=True)


def _conclude(gate: Gate) -> None:
    print(f"The farm took {gate.farm_cpu / gate.handshakes * 1000:.2f} ms of its own CPU a handshake.")
    print(f"The gate: {'open' if not gate.problems else 'SHUT, the figures mean nothing'}")
    for problem in gate.problems:
        print(f"  {problem}")
