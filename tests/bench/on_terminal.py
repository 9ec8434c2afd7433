"""One program on a terminal: when it shows something, and what it costs to keep that up to date."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from tests.line import Line

COLUMNS, LINES = 120, 40
WAIT = 15.0
"""Seconds until what is not shown by then never is."""

_LATE = 3.0
_TURN = 12
_PAUSES = (0.06, 0.085, 0.11)
_COLUMN = 8


class Program(NamedTuple):
    """What to run. `marks` are on the screen once the first frame is complete.

    `rate` has so many rows a second changed, `hide` has these be rows that are not on the screen; `is_right` tells
    whether the screen shows what the last change left. None where a program has no rows, or no rows of ours.
    """

    name: str
    command: Sequence[str]
    marks: Sequence[str]
    rate: Callable[["Watched", int], Awaitable[None]] | None = None
    hide: Callable[["Watched"], Awaitable[None]] | None = None
    is_right: Callable[["Watched"], bool] | None = None
    has_cursor: bool = False


class Traffic(NamedTuple):
    """What came in a time: bytes and pieces a second, and the CPU as a share of one."""

    bytes: float
    writes: float
    cpu: float


class Keys(NamedTuple):
    """Seconds from a key until its effect is on the screen: of half of them, and of 95 in 100, at most."""

    half: float
    most: float


class Figures(NamedTuple):
    """What one program did; None where it does not do that. `memory` is in bytes. `problems` make all this invalid."""

    first_byte: float
    first_frame: float
    idle: Traffic
    updates: Traffic | None = None
    hidden: Traffic | None = None
    keys: Keys | None = None
    busy_keys: Keys | None = None
    memory: int = 0
    problems: tuple[str, ...] = ()


class Watched(Line):
    """A terminal that knows when what it shows arrived."""

    def __init__(self) -> None:
        super().__init__(COLUMNS, LINES)
        self._arrived = 0.0
        self._awaited: tuple[Callable[[], bool], asyncio.Future[float]] | None = None

    async def when(self, condition: Callable[[], bool], wait: float = WAIT) -> float | None:
        """Wait until the screen is so; return when what made it so arrived, None where it is not in time."""
        if condition():
            return self._arrived
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited = condition, future
        try:
            return await asyncio.wait_for(future, wait)
        except TimeoutError:
            return None
        finally:
            self._awaited = None

    def shows(self, *texts: str) -> bool:
        """Tell whether all of these are on the screen."""
        text = self.text()
        return all(mark in text for mark in texts)

    def cursor(self) -> frozenset[int]:
        """Return the rows that look different from most: the one with the cursor, and headings."""
        looks = [(cell.bg, cell.reverse) for cell in (self.screen.buffer[y][_COLUMN] for y in range(LINES))]
        usual = Counter(looks).most_common(1)[0][0]
        return frozenset(y for y, look in enumerate(looks) if look != usual)

    def _take(self, most: int) -> int:
        self._arrived = monotonic()
        taken = super()._take(most)
        if self._awaited is not None and not self._awaited[1].done() and self._awaited[0]():
            self._awaited[1].set_result(self._arrived)
        return taken


class Plan(NamedTuple):
    """What to do with each program: on which CPU, how many keys, how long to count, and to pause before that.

    After `wait` seconds a first frame counts as never shown; `rest` is how long no key is pressed then.
    """

    cpu: int
    keys: int
    seconds: float
    pause: float
    wait: float = WAIT
    rest: float = 2.5


async def measure(program: Program, plan: Plan) -> Figures:
    """Run a program: its start, keys, and what it writes, without and with changes."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    line = Watched()
    try:
        began = monotonic()
        line.start(program.command, {**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        os.sched_setaffinity(line.pid, {plan.cpu})
        first = await line.when(lambda: bool(line.written), plan.wait)
        shown = await line.when(lambda: line.shows(*program.marks), plan.wait)
        if first is None or shown is None:
            return Figures(0, 0, Traffic(0, 0, 0), problems=(f"{program.name} never showed its first frame",))
        await asyncio.sleep(plan.pause)
        figures = Figures(first - began, shown - began, await traffic(line, plan.seconds), memory=memory(line.pid))
        return await _driven(program, line, figures, plan)
    finally:
        await line.close()


async def _driven(program: Program, line: Watched, figures: Figures, plan: Plan) -> Figures:
    """Press keys and have rows change, as far as the program has them."""
    problems: list[str] = []
    if program.has_cursor:
        figures = figures._replace(keys=await _press(line, plan.keys, problems))
    if program.rate and program.is_right:
        await program.rate(line, 5)
        await asyncio.sleep(plan.pause)
        figures = figures._replace(updates=await traffic(line, plan.seconds))
        await program.rate(line, 200)
        await asyncio.sleep(plan.pause)
        figures = figures._replace(busy_keys=await _press(line, plan.keys, problems))
        await program.rate(line, 0)
        if await line.when(partial(program.is_right, line), _LATE) is None:
            problems.append("the last change is not on the screen")
    if program.hide:
        # Rows that stood still while keys were pressed are put in order now.
        await asyncio.sleep(plan.rest)
        await program.hide(line)
        await asyncio.sleep(plan.pause)
        figures = figures._replace(hidden=await traffic(line, plan.seconds))
    if program.rate:
        await program.rate(line, 0)
    return figures._replace(problems=tuple(f"{program.name}: {problem}" for problem in problems))


async def traffic(line: Watched, seconds: float) -> Traffic:
    """Count for a time."""
    began, cpu, size, pieces = monotonic(), cpu_of(line.pid), line.received, line.pieces
    await asyncio.sleep(seconds)
    took = monotonic() - began
    return Traffic((line.received - size) / took, (line.pieces - pieces) / took, (cpu_of(line.pid) - cpu) / took)


async def _press(line: Watched, count: int, problems: list[str]) -> Keys | None:
    """Move the cursor down and up, at uneven times."""
    took: list[float] = []
    for number in range(count):
        before = line.cursor()
        pressed = monotonic()
        line.press("down" if number // _TURN % 2 == 0 else "up")
        moved = await line.when(partial(_is_elsewhere, line, before), _LATE)
        if moved is None:
            problems.append("a key did not move the cursor")
            return None
        took.append(moved - pressed)
        await asyncio.sleep(_PAUSES[number % len(_PAUSES)])
    took.sort()
    return Keys(took[len(took) // 2], took[-(-len(took) * 95 // 100) - 1])


def _is_elsewhere(line: Watched, before: frozenset[int]) -> bool:
    return bool(line.cursor() - before)


def cpu_of(pid: int) -> float:
    """Return the seconds of CPU that a process and its threads took."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def memory(pid: int) -> int:
    """Return the bytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
