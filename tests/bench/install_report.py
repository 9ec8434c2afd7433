"""What the bench of installs prints."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from tests.bench.gateway import Spent


class Row(NamedTuple):
    """Medians over the rounds, an install each, and the CPU time over the floor's with its extremes."""

    name: str
    spent: Spent
    ratio: float
    least: float
    most: float


class Crowd(NamedTuple):
    """What `cameras` installs that began at once took together, `limit` at a time; memory in MiB, at its highest."""

    cameras: int
    limit: int
    spent: Spent
    memory: float


def row_of(name: str, rounds: Sequence[tuple[Spent, Spent]]) -> Row:
    """Return what the rounds say, each with what the floor took in it."""
    ratios = sorted(spent.cpu / floor.cpu for spent, floor in rounds)
    medians = Spent(*(median(values) for values in zip(*(spent for spent, _ in rounds), strict=True)))
    return Row(name, medians, median(ratios), ratios[0], ratios[-1])


def table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """Give the lines of a table of installs one after the other."""
    width = max(len(row.name) for row in rows)
    yield title
    yield f"  {'':{width}}  wall ms  CPU ms  x floor (extremes)  CPU ms of the camera"
    for row in rows:
        wall, cpu, cameras = (f"{seconds * 1000:.0f}" for seconds in row.spent)
        ratio = f"{row.ratio:.2f} ({row.least:.2f}-{row.most:.2f})"
        yield f"  {row.name:{width}}  {wall:>7}  {cpu:>6}  {ratio:18}  {cameras:>20}"
    yield ""


def crowd_table(title: str, crowds: Sequence[Crowd]) -> Iterator[str]:
    """Give the lines of a table of installs at once, the first of which is the base of the ratios."""
    yield title
    yield "  cameras  at a time  wall s  x one  CPU s of the engine  of the cameras  MiB"
    for crowd in crowds:
        ratio = crowd.spent.wall / crowds[0].spent.wall
        wall, cpu, cameras = crowd.spent
        yield (
            f"  {crowd.cameras:7}  {crowd.limit:9}  {wall:6.2f}  {ratio:5.2f}  {cpu:19.2f}  {cameras:14.2f}"
            f"  {crowd.memory:3.0f}"
        )
    yield ""
