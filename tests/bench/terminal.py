"""What our screens cost on a terminal, beside other programs on one: start, keys, bytes, CPU and memory."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.on_terminal import Figures, Keys, Plan, Program, Traffic, Watched, measure

_ROWS, _ROUNDS = 1000, 3
OURS, FEW, OBVIOUS, HELLO, HTOP = "camtrust", "camtrust, 1 device", "DataTable", "bare Textual", "htop -d 10"
_COMMAND = Path(sys.executable).with_name("camtrust")

Rounds = Sequence[Mapping[str, Figures]]
Figure = Callable[[Figures], float | None]


class Goal(NamedTuple):
    """What a figure should be: at most `most` times that of a peer, or at most `most` where there is no peer."""

    name: str
    figure: Figure
    most: float
    peer: str = ""
    peers_figure: Figure | None = None


def run() -> bool:
    """Print the tables. Return whether every program showed what it should."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[-1]})
    if len(cpus) == 1:
        print("Only one CPU: who is measured and who watches share it, and the times are worthless.\n")
    plan = Plan(cpus[0], keys=36, seconds=4.0, pause=1.5)
    return conclude(asyncio.run(rounds(_ROWS, _ROUNDS, plan)), _ROWS)


def conclude(found: Rounds, rows: int) -> bool:
    """Print what was found. Return whether it means anything."""
    print(*table(found, rows), "", *goals(found, rows), "", sep="\n")
    problems = sorted({problem for one in found for figures in one.values() for problem in figures.problems})
    print(f"The gate: {'open' if not problems else 'SHUT, the figures mean nothing'}", *problems, sep="\n  ")
    return not problems


async def rounds(rows: int, count: int, plan: Plan) -> Rounds:
    """Have all programs run in each round, each time from another one on."""
    found = []
    async with served(rows) as ours, served(1) as few:
        programs = [ours, few._replace(name=FEW, rate=None, hide=None, has_cursor=False), *_peers(rows)]
        for number in range(count):
            first = number % len(programs)
            order = [*programs[first:], *programs[:first]]
            found.append({one.name: await measure(one, plan) for one in order})
    return found


@asynccontextmanager
async def served(rows: int) -> AsyncIterator[Program]:
    """Give our screens on an engine that is a process of its own, with so many devices."""
    with tempfile.TemporaryDirectory(prefix="camtrust-bench-") as folder:
        async with _engine(Path(folder), rows) as program:
            yield program


@asynccontextmanager
async def _engine(folder: Path, rows: int) -> AsyncIterator[Program]:
    socket, config = folder / "engine.sock", folder / "config.toml"
    config.touch()
    pipe = asyncio.subprocess.PIPE
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.views", str(socket), str(rows), stdin=pipe, stdout=pipe
    )
    assert server.stdin is not None
    assert server.stdout is not None
    left = json.loads(await server.stdout.readline())

    async def obey(word: str) -> None:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{word}\n".encode())
        left.update(json.loads(await server.stdout.readline()))

    async def rate(_: Watched, changes: int) -> None:
        await obey(str(changes))

    def is_right(line: Watched) -> bool:
        return any(left["state"] in row and f"{left['name']} " in row for row in line.screen.display)

    command = [str(_COMMAND), "--state-dir", str(folder), "--socket", str(socket), "--config", str(config)]
    marks = [f"Camera {min(rows, 20)} ", "HTTPS (Arcules)", f"{rows} device", "Filter"]
    try:
        yield Program(OURS, command, marks, rate, lambda _: obey("hidden"), is_right, has_cursor=True)
    finally:
        server.stdin.close()
        await server.wait()


def _peers(rows: int) -> Iterator[Program]:
    apps = [sys.executable, "-m", "tests.bench.textual_apps"]
    yield Program(HELLO, [*apps, "hello", "0"], ["ready 0"])
    marks = [f"Camera {min(rows, 20) - 1} ", "HTTPS (Arcules)"]
    yield Program(
        OBVIOUS, [*apps, "obvious", str(rows)], marks, _press_rate, is_right=_shows_last_change, has_cursor=True
    )
    for name, mark in ((HTOP, "PID"), ("top -d 1", "PID")):
        if shutil.which(name.split()[0]):
            yield Program(name, name.split(), [mark])


async def _press_rate(line: Watched, changes: int) -> None:
    line.press({0: "0", 5: "5", 200: "9"}[changes])


def _shows_last_change(line: Watched) -> bool:
    """Tell whether the change that the clock names is in the table."""
    told = line.screen.display[0].rstrip().rpartition("change ")[2]
    return told.isdecimal() and line.shows(f"#{told} ")


def table(found: Rounds, rows: int) -> Iterator[str]:
    """Give the lines of the tables: medians over the rounds."""
    names = list(found[0])
    width = max(map(len, names))
    yield f"{rows:,} devices on a terminal of 120x40; Textual {version('textual')}"
    yield f"  {'':{width}}  first byte s  first frame s  MiB   idle: bytes/s  CPU %"
    for name in names:
        told = partial(_median, found, name)
        start = f"{told(lambda one: one.first_byte):12.3f}  {told(lambda one: one.first_frame):13.3f}"
        held = f"{told(lambda one: one.memory / 2**20):5.1f}" if told(lambda one: one.memory) else "    -"
        idle = f"{told(lambda one: one.idle.bytes):13,.0f}  {told(lambda one: one.idle.cpu) * 100:5.1f}"
        yield f"  {name:{width}}  {start}  {held} {idle}"
    yield ""
    yield f"  {'':{width}}  5 changes/s: bytes/s  writes/s  CPU %   key ms, half  95 %   at 200/s: half  95 %"
    for name in names:
        last = found[-1][name]
        if last.updates:
            keys = f"{_keys(found, name, _idle)}  {_keys(found, name, _busy)}"
            yield f"  {name:{width}}  {_traffic(found, name)}   {keys}"
    hidden = _median(found, OURS, lambda one: one.hidden.bytes if one.hidden else 0.0)
    yield f"  {OURS}, 5 changes/s of devices that are not on the screen: {hidden:,.0f} bytes/s"


def _traffic(found: Rounds, name: str) -> str:
    told = partial(_median, found, name)
    size, writes, cpu = (told(partial(_of_updates, field)) for field in ("bytes", "writes", "cpu"))
    return f"{size:20,.0f}  {writes:8.1f}  {cpu * 100:5.1f}"


def _keys(found: Rounds, name: str, keys: Callable[[Figures], Keys | None]) -> str:
    half = _median(found, name, lambda one: (keys(one) or Keys(0, 0)).half)
    most = _median(found, name, lambda one: (keys(one) or Keys(0, 0)).most)
    return f"{half * 1000:12.1f} {most * 1000:6.1f}"


def _idle(one: Figures) -> Keys | None:
    return one.keys


def _busy(one: Figures) -> Keys | None:
    return one.busy_keys


def _of_updates(field: str, one: Figures) -> float:
    updates: Traffic = one.updates or Traffic(0, 0, 0)
    value: float = getattr(updates, field)
    return value


def _median(found: Rounds, name: str, figure: Callable[[Figures], float]) -> float:
    return median(figure(one[name]) for one in found)


def _wanted() -> Iterator[Goal]:
    def frame(one: Figures) -> float:
        return one.first_frame

    def memory(one: Figures) -> float:
        return float(one.memory)

    size, cpu = partial(_of_updates, "bytes"), partial(_of_updates, "cpu")
    yield Goal("first frame, x DataTable", frame, 0.65, OBVIOUS, frame)
    yield Goal("first frame, x bare Textual", frame, 1.3, HELLO, frame)
    yield Goal("key at 200 changes/s, 95 %, x DataTable", _busy_most, 1 / 8, OBVIOUS, _busy_most)
    yield Goal("key at 200 changes/s, 95 %, x without changes", _busy_most, 1.2, OURS, _idle_most)
    yield Goal("bytes at 5 changes/s, x DataTable", size, 1 / 250, OBVIOUS, size)
    yield Goal("bytes at 5 changes/s, x htop -d 10", size, 0.5, HTOP, lambda one: one.idle.bytes)
    yield Goal("writes/s at 5 changes/s", partial(_of_updates, "writes"), 6)
    yield Goal("bytes/s at 5 changes/s not on the screen", lambda one: one.hidden.bytes if one.hidden else 0.0, 0)
    yield Goal("CPU at 5 changes/s, x DataTable", cpu, 1 / 25, OBVIOUS, cpu)
    yield Goal("memory, x bare Textual", memory, 1.6, HELLO, memory)


def _busy_most(one: Figures) -> float | None:
    return one.busy_keys.most if one.busy_keys else None


def _idle_most(one: Figures) -> float | None:
    return one.keys.most if one.keys else None


def goals(found: Rounds, rows: int) -> Iterator[str]:
    """Give the goals, each with the median of what it was in the rounds, and the extremes."""
    yield f"  {'goal':46}   at most        is (extremes)"
    for goal in _wanted():
        values = [value for one in found if (value := _reached(goal, one)) is not None]
        yield (
            _told(goal.name, goal.most, values) if values else f"  {goal.name:46}  left out, as there is no {goal.peer}"
        )
    held = [(one[OURS].memory - one[FEW].memory) / 2**20 for one in found]
    yield _told("MiB for the devices", 1.2 * rows / 1000, held)


def _told(name: str, most: float, values: Sequence[float]) -> str:
    middle = median(values)
    is_met = "met" if middle <= most else "MISSED"
    return f"  {name:46}  {most:8.3f}  {middle:8.3f} ({min(values):.3f}-{max(values):.3f})  {is_met}"


def _reached(goal: Goal, found: Mapping[str, Figures]) -> float | None:
    ours = goal.figure(found[OURS])
    if not goal.peer or ours is None:
        return ours
    theirs = goal.peers_figure(found[goal.peer]) if goal.peers_figure and goal.peer in found else None
    return ours / theirs if theirs else None
