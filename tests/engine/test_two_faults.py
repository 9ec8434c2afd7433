"""Two faults in one install: the second one meets what the first led to, and it is never a third state."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from core.simulator.camera import Camera
from core.simulator.mishaps import Mishaps
from core.simulator.settings import Mishap
from tests.engine.cameras import contents, served
from tests.engine.matrix import DEADLINE, FAULTS, SETTINGS, TIMING, WAYS, Subject, Way, settled
from tests.engine.process import EngineProcess, engine_process, until
from tests.report import Report

# What is called to take back, or to clear up, after something went wrong with a change.
AFTER: Mapping[Way, Mapping[str, Sequence[str]]] = {
    "security service": {
        "CreateECCKeyPair": ("GetAllKeys", "DeleteKey"),
        "UploadCertificate": ("GetAllKeys", "DeleteCertificate", "DeleteKey"),
        "CreateCertificationPath": ("DeleteCertificationPath", "DeleteCertificate"),
        "ReplaceServerCertificateAssignment": (
            "GetAllKeys",
            "ReplaceServerCertificateAssignment",
            "DeleteCertificationPath",
        ),
    },
    "device service": {
        "CreateCertificate": ("GetCertificates", "DeleteCertificates"),
        "GetPkcs10Request": ("DeleteCertificates",),
        "LoadCertificates": ("GetCertificates", "DeleteCertificates"),
        "SetCertificatesStatus": ("GetCertificates", "SetCertificatesStatus", "DeleteCertificates"),
    },
}
# What cannot be read back is waited for no longer than that.
_SETTINGS = SETTINGS.replace("30.0", "6.0")
REFUSED = Mishap("fault", "Receiver/ter:Action/ter:OutOfOrder")
KINDS = (
    (REFUSED, FAULTS["answer lost"]),
    (FAULTS["answer lost"], FAULTS["power cut after"]),
    (FAULTS["power cut after"], FAULTS["network cut after"]),
    (FAULTS["answer lost"], FAULTS["killed after"]),
    (FAULTS["killed after"], FAULTS["killed after"]),
)


class Pair(Mishaps):
    """What goes wrong first, and what goes wrong with the first call after that of another operation, or the same."""

    def __init__(self, first: tuple[str, Mishap], second: tuple[str, Mishap]) -> None:
        super().__init__(dict([first]))
        self.met = 0
        self._second = second

    def take(self, operation: str) -> Mishap | None:
        mishap = super().take(operation)
        if mishap is not None:
            self.met += 1
            if self.met == 1:
                self.plan(*self._second)
        return mishap


@dataclass
class Cell:
    """One camera, and what goes wrong with it."""

    subject: Subject
    pair: Pair
    kinds: tuple[Mishap, Mishap]
    name: str


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS)
async def test_two_faults_end_in_no_third_state(tmp_path: Path, way: Way, report: Report) -> None:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_process(tmp_path, _SETTINGS))
        cells = [await stack.enter_async_context(_cell(way, *kind)) for kind in enumerate(_kinds(way))]
        await _play(engine, cells)
        views = {view.id: view for view in await engine.devices()}
        ended: Counter[str] = Counter()
        for cell in cells:
            try:
                ended[await cell.subject.outcome(views[cell.subject.device])] += 1
            except AssertionError as error:
                raise AssertionError(f"{cell.name}: {views[cell.subject.device]}") from error
    assert all(cell.pair.met for cell in cells)
    pairs = sum(cell.pair.met > 1 for cell in cells)
    assert pairs > len(cells) / 2
    told = f"{len(cells)} installs, {pairs} met both faults: {ended['new']} new, {ended['old']} old, 0 third"
    report.add("Two faults", f"{way}: {told}")


def _kinds(way: Way) -> list[tuple[tuple[str, Mishap], tuple[str, Mishap]]]:
    places = [(here, there) for here, after in AFTER[way].items() for there in after]
    return [((here, first), (there, second)) for here, there in places for first, second in KINDS]


@asynccontextmanager
async def _cell(way: Way, number: int, faults: tuple[tuple[str, Mishap], tuple[str, Mishap]]) -> AsyncIterator[Cell]:
    host = f"127.0.{70 + number // 200}.{number % 200 + 1}"
    camera = Camera(msgspec.structs.replace(WAYS[way], host=host, serial=str(number), timing=TIMING))
    camera.mishaps = pair = Pair(*faults)
    async with camera:
        held = contents(camera)
        (here, first), (there, second) = faults
        name = f"{first.kind} at {here}, then {second.kind} at {there}"
        yield Cell(Subject(camera, held, held, await served(camera)), pair, (first, second), name)


async def _play(engine: EngineProcess, cells: Sequence[Cell]) -> None:
    """Let it all happen. The engine is killed where it hangs: at first faults, and then at second ones."""
    killed = FAULTS["killed after"]
    twice = [cell for cell in cells if cell.kinds[0] == killed]
    once = [cell for cell in cells if killed in cell.kinds and cell not in twice]
    await _begin(engine, twice)
    await until(lambda: all(cell.pair.met for cell in twice), DEADLINE)
    engine.kill()
    await engine.start()
    await _begin(engine, once)
    await settled(engine, besides=lambda: {cell.subject.device for cell in cells if cell.pair.met > 1})
    engine.kill()
    await engine.start()
    await _begin(engine, [cell for cell in cells if killed not in cell.kinds])
    await settled(engine)


async def _begin(engine: EngineProcess, cells: Sequence[Cell]) -> None:
    added = await engine.add_all([cell.subject.address for cell in cells])
    for cell, device in zip(cells, added, strict=True):
        cell.subject.device = device.id
