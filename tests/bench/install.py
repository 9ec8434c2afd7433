"""What an install costs the gateway on top of what the camera takes, and what many at once cost."""

import asyncio
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from core.model.config import Config
from core.model.device import DeviceView
from core.simulator.settings import CameraSettings, Timing
from tests.bench import cameras, install_gate, install_report
from tests.bench.cameras import Account, Cameras
from tests.bench.gateway import Gateway, Spent, cpu_of, gateway, largest
from tests.bench.install_gate import NO_DELAYS, WAYS
from tests.bench.install_report import Crowd, Row, row_of
from tests.bench.straight import Target, take

OURS, FLOOR, ZEEP = "camtrust", "floor", "onvif-zeep"
NAMES = {
    FLOOR: "floor: the same calls by httpx",
    ZEEP: "onvif-zeep over requests",
    OURS: "camtrust, an engine",
}

_ROUNDS = 3
_INSTALLS = 4
_SLOW = Timing(key=3.0, restart=3.0)
_CROWD = 50
_SIZES = (1, 10, _CROWD)
_LIMITS = (10, 25, 50, 100)


def run() -> bool:
    """Print the tables. Return whether every install came to its end as it should, by the very calls it should."""
    bench = Bench()
    for way in WAYS:
        rows = bench.one_by_one(way, _ROUNDS, _INSTALLS)
        title = f"One install after the other, by the {way}, cameras without delays"
        print(*install_report.table(title, rows), sep="\n", flush=True)
    usual = Config().parallel_installs
    for title, timing in (("without delays", NO_DELAYS), ("that take 3 s for a key and 3 s to restart", _SLOW)):
        kinds = [(size, usual) for size in _SIZES] + [(_CROWD, limit) for limit in _LIMITS if limit != usual]
        crowds = [bench.at_once("security service", timing, size, limit) for size, limit in kinds]
        title = f"Installs begun at once, on cameras {title} (default: {usual} at a time)"
        print(*install_report.crowd_table(title, crowds), sep="\n", flush=True)
    print(f"The gate: {'SHUT, the figures mean nothing' if bench.problems else 'open'}", *bench.problems, sep="\n  ")
    return not bench.problems


class Place(NamedTuple):
    """Cameras for one turn: which of the site they are, and where."""

    of_site: slice
    targets: Sequence[Target]

    def seen(self, site: Cameras) -> list[Account]:
        """Return what they saw."""
        return site.accounts()[self.of_site]


class Bench:
    """Installs, each held against what the cameras saw. `problems` gathers what does not fit.

    Before what is measured come `warm_ups` installs, by each in each round. The cameras and whoever waits for an
    install are on another CPU than who installs, where there are two.
    """

    def __init__(self, warm_ups: int = 1) -> None:
        cpus = sorted(os.sched_getaffinity(0))
        if len(cpus) == 1:
            print("Only one CPU: the cameras share it with who installs, and the times are worthless.\n")
        self._installer, self._cameras = cpus[0], cpus[-1]
        self._warm_ups = warm_ups
        self.problems: list[str] = []
        os.sched_setaffinity(0, {self._cameras})

    def one_by_one(self, way: str, rounds: int, installs: int, names: Sequence[str] = tuple(NAMES)) -> list[Row]:
        """Install on cameras one after the other, in each round by everybody, in changing order."""
        settings = _site(WAYS[way], NO_DELAYS, len(names) * rounds * (self._warm_ups + installs))
        with cameras.running(settings, self._cameras) as site, TemporaryDirectory() as folder:
            places = _places(settings, site, way, self._warm_ups + installs)
            taken = asyncio.run(self._rounds(site, places, Path(folder), rounds, names))
        base = [spent[FLOOR] for spent in taken]
        return [
            row_of(NAMES[name], [(spent[name], floor) for spent, floor in zip(taken, base, strict=True)])
            for name in names
            if all(name in spent for spent in taken)
        ]

    async def _rounds(
        self, site: Cameras, places: Iterator[Place], folder: Path, rounds: int, names: Sequence[str]
    ) -> list[dict[str, Spent]]:
        taken: list[dict[str, Spent]] = [{} for _ in range(rounds)]
        async with gateway(folder, self._installer) as engine:
            for number, spent in enumerate(taken):
                first = number % len(names)
                for name in (*names[first:], *names[:first]):
                    place = next(places)
                    if name == OURS:
                        spent[name] = await self._by_engine(engine, site, place)
                    elif one := self._by_script(name, site, place):
                        spent[name] = one
        return taken

    async def _by_engine(self, engine: Gateway, site: Cameras, place: Place) -> Spent:
        addresses = [f"{target.host}:{target.port}" for target in place.targets]
        views = await self._warm_up(engine, addresses)
        addresses = addresses[self._warm_ups :]
        wall, before = 0.0, (cpu_of(engine.pid), cpu_of(site.pid))
        for address in addresses:
            view, seconds = await engine.install([address])
            views += view
            wall += seconds
        spent = Spent(wall, cpu_of(engine.pid) - before[0], cpu_of(site.pid) - before[1])
        self.problems += install_gate.ours(place.targets[0].way, views, place.seen(site))
        return Spent(*(seconds / len(addresses) for seconds in spent))

    async def _warm_up(self, engine: Gateway, addresses: Sequence[str]) -> list[DeviceView]:
        views: list[DeviceView] = []
        for address in addresses[: self._warm_ups]:
            views += (await engine.install([address]))[0]
        return views

    def _by_script(self, name: str, site: Cameras, place: Place) -> Spent | None:
        way, before = place.targets[0].way, cpu_of(site.pid)
        try:
            taken = take(name, place.targets, self._installer, self._warm_ups)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            # What cannot be had is left out, but for the base of the ratios.
            if name == FLOOR:
                raise
            print(f"Left out: {NAMES[name]}: {_last_line(error)}")
            return None
        by_cameras = cpu_of(site.pid) - before
        self.problems += install_gate.script(name, way, taken, place.seen(site))
        installs = len(place.targets) - self._warm_ups
        # What the cameras spent for warming up cannot be told apart.
        return Spent(taken.wall / installs, taken.cpu / installs, by_cameras / len(place.targets))

    def at_once(self, way: str, timing: Timing, count: int, limit: int) -> Crowd:
        """Install on `count` cameras by one command, `limit` at a time, with an engine that has done some before."""
        settings = _site(WAYS[way], timing, self._warm_ups + count)
        with cameras.running(settings, self._cameras) as site, TemporaryDirectory() as folder:
            return asyncio.run(self._at_once(way, site, settings, limit, Path(folder)))

    async def _at_once(
        self, way: str, site: Cameras, settings: Sequence[CameraSettings], limit: int, folder: Path
    ) -> Crowd:
        addresses = [f"{camera.host}:{port}" for camera, port in zip(settings, site.ports, strict=True)]
        async with gateway(folder, self._installer, f"parallel_installs = {limit}\n") as engine:
            views = await self._warm_up(engine, addresses)
            before = cpu_of(engine.pid), cpu_of(site.pid)
            more, wall = await engine.install(addresses[self._warm_ups :])
            spent = Spent(wall, cpu_of(engine.pid) - before[0], cpu_of(site.pid) - before[1])
            memory = largest(engine.pid)
        self.problems += install_gate.ours(way, views + more, site.accounts())
        return Crowd(len(more), limit, spent, memory)


def _site(kind: CameraSettings, timing: Timing, count: int) -> list[CameraSettings]:
    return [
        msgspec.structs.replace(
            kind, host=f"127.0.{90 + number // 200}.{number % 200 + 1}", serial=f"{number:012}", timing=timing
        )
        for number in range(count)
    ]


def _places(settings: Sequence[CameraSettings], site: Cameras, way: str, size: int) -> Iterator[Place]:
    targets = [
        Target(camera.host, port, camera.user, camera.password, way)
        for camera, port in zip(settings, site.ports, strict=True)
    ]
    for start in range(0, len(targets), size):
        yield Place(slice(start, start + size), targets[start : start + size])


def _last_line(error: subprocess.CalledProcessError | subprocess.TimeoutExpired) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return "it did not end"
    lines: list[str] = error.stderr.strip().splitlines()
    return lines[-1] if lines else "it ended without a word"
