"""Rounds in which everybody has a turn, in changing order, and what they add up to."""

from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from tests.bench.ways import Sweep


class Turn(NamedTuple):
    """Something to do in each round: one sweep. `sends` is what it tells a device beyond the handshake."""

    name: str
    sends: str
    take: Callable[[], Sweep]


class Row(NamedTuple):
    """Medians over the rounds: CPU in ms a leaf, seconds a sweep, leaves a second, and the CPU over the base's.

    The last is taken within each round, so that a machine that gets slower meanwhile hardly changes it; `least` and
    `most` are its extremes.
    """

    name: str
    sends: str
    cpu: float
    wall: float
    speed: float
    ratio: float
    least: float
    most: float


def rotated(turns: Sequence[Turn], rounds: int) -> Iterator[Sequence[Turn]]:
    """Give the turns `rounds` times, each time from another one on."""
    for number in range(rounds):
        first = number % len(turns)
        yield [*turns[first:], *turns[:first]]


def run_rounds(turns: Sequence[Turn], rounds: int, leaves: int) -> list[Row]:
    """Take all turns in each round, sweeps over `leaves` leaves. The first turn is the base of the others."""
    taken = [{turn.name: turn.take() for turn in order} for order in rotated(turns, rounds)]
    base = [sweeps[turns[0].name] for sweeps in taken]
    return [row_of(turn, leaves, [sweeps[turn.name] for sweeps in taken], base) for turn in turns]


def row_of(turn: Turn, leaves: int, sweeps: Sequence[Sweep], base: Sequence[Sweep]) -> Row:
    """Return what the rounds say of one turn."""
    ratios = sorted(sweep.cpu / other.cpu for sweep, other in zip(sweeps, base, strict=True))
    cpu = median(sweep.cpu for sweep in sweeps) / leaves * 1000
    wall = median(sweep.wall for sweep in sweeps)
    return Row(turn.name, turn.sends, cpu, wall, leaves / wall, median(ratios), ratios[0], ratios[-1])
