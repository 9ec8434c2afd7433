"""What is no answer, in the place of each kind of answer of an onboarding: one device's error, and nobody else's."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.model.device import CertificateField, Connection
from core.model.messages import DeviceDetail
from core.service.logs import log_path
from core.simulator.camera import Camera
from core.simulator.contents import Contents
from core.simulator.settings import CameraSettings, KeystoreSettings
from tests.engine.broken import ASSIGN, COURSES, BrokenCamera, cases
from tests.engine.cameras import contents, served
from tests.engine.process import EngineProcess, engine_process, until
from tests.network.servers import Server, silent
from tests.report import Report

_PATIENCE, _MOST_HELD = 2.0, 8.0
_PARALLEL = 25
_SETTINGS = f"""parallel_installs = {_PARALLEL}
answer_patience = {_PATIENCE}
restart_patience = 2.5
check_period = 8.0
"""
_DEADLINE = 120.0
# In MiB. A device that is good takes so much, too.
_MOST_GROWTH, _PER_DEVICE = 16.0, 0.05
_LONGEST_TURN = 0.2
_CAMERA = CameraSettings(keystore=KeystoreSettings(rsa_lengths=()))
# What is odd and can be read. An id with broken bytes in it is none.
_READ = {"other content type": set(COURSES), "no UTF-8": {"question", "login", "inventory"}}
# Whether the second answer comes soon enough to be taken for the next one is chance.
_CHANCE = "two answers"
# Nothing can be asked any more, so that it never comes to taking back.
_UNASKED = "unasked"


@dataclass
class Cell:
    """One broken answer in one course. `before` is what the camera held before, `leaf` what it showed."""

    case: str
    course: str
    camera: BrokenCamera
    before: Contents
    leaf: str
    device: str = ""

    async def outcome(self, detail: DeviceDetail) -> str:
        """Return how it ended. Fails for a third state, for what is left behind without a word, and for a long wait."""
        view, leaf, held = detail.device, await served(self.camera), self.camera.held
        assert (view.connection, view.fingerprint) == (Connection.ONLINE, leaf)
        assert len(contents(self.camera).assigned) == 1
        assert max(seconds for times in held.values() for seconds in times) < _MOST_HELD
        outcome = "new" if leaf != self.leaf else "old"
        assert view.certificate_field is {"new": CertificateField.ARCULES, "old": CertificateField.DEVICE}[outcome]
        assert set(COURSES[self.course].breaks) == set(held) or outcome == "new" or self.case == _UNASKED
        if outcome == "old" and contents(self.camera) != self.before:
            assert any("may be left there" in event.text for event in detail.events)
        return outcome

    @property
    def expected(self) -> set[str]:
        if ASSIGN in COURSES[self.course].breaks or self.course in _READ.get(self.case, ()):
            return {"new"}
        return {"new", "old"} if self.case == _CHANCE else {"old"}


async def test_a_broken_answer_is_the_error_of_one_device(tmp_path: Path, report: Report) -> None:
    turns = tmp_path / "turns"
    async with AsyncExitStack() as stack:
        stranger = await stack.enter_async_context(Server(silent, host="127.0.79.1"))
        program = (str(Path(__file__).with_name("ticking.py")), str(turns))
        engine = await stack.enter_async_context(engine_process(tmp_path, _SETTINGS, program))
        first, later = await _bystanders(stack, 10, 15), await _bystanders(stack, 100, 3)
        cells = await _cells(stack, f"{stranger.host}:{stranger.port}")
        good = await _begin(engine, first)
        await _settled(engine)
        memory, looks = _memory(engine), [len(camera.log.connections) for camera in first]
        turns.unlink()
        for cell, device in zip(cells, await _begin(engine, [cell.camera for cell in cells]), strict=True):
            cell.device = device
        good += await _begin(engine, later)
        await _settled(engine)
        growth, longest = _memory(engine) - memory - _PER_DEVICE * len(cells), float(turns.read_text())
        views = {view.id: view for view in await engine.devices()}
        outcomes = [(cell, await _told(engine, cell)) for cell in cells]
    _report(report, outcomes, growth, longest)
    assert growth < _MOST_GROWTH
    assert longest < _LONGEST_TURN
    assert not stranger.lines
    assert not [(cell.case, cell.course) for cell, outcome in outcomes if outcome not in cell.expected]
    assert {views[device].certificate_field for device in good} == {CertificateField.ARCULES}
    assert {views[device].connection for device in good} == {Connection.ONLINE}
    assert all(len(camera.log.connections) > before for camera, before in zip(first, looks, strict=True))
    _assert_clean(log_path(engine.state).read_text())


def _report(report: Report, outcomes: Sequence[tuple[Cell, str]], growth: float, longest: float) -> None:
    for course in COURSES:
        ended = Counter(outcome for cell, outcome in outcomes if cell.course == course)
        told = f"{ended.total()} kinds, {ended['new']} new, {ended['old']} old, 0 third"
        report.add("Broken answers", f"{course}: {told}")
    report.add("Broken answers", f"memory {growth:+.1f} MiB, the loop held for {longest:.2f} s at most")


def _settings(net: int, number: int) -> CameraSettings:
    return msgspec.structs.replace(_CAMERA, host=f"127.0.{net}.{number}", serial=f"{net}/{number}")


async def _bystanders(stack: AsyncExitStack, start: int, count: int) -> list[Camera]:
    return [await stack.enter_async_context(Camera(_settings(79, number))) for number in range(start, start + count)]


async def _cells(stack: AsyncExitStack, stranger: str) -> list[Cell]:
    """Make a camera for each, the slow ones first."""
    cells = []
    for row, (case, sends) in enumerate(cases(stranger).items(), 1):
        for column, (name, course) in enumerate(COURSES.items(), 80):
            camera = await stack.enter_async_context(BrokenCamera(_settings(column, row), course, sends))
            cells.append(Cell(case, name, camera, contents(camera), hashlib.sha256(camera.leaf).hexdigest()))
    return cells


async def _told(engine: EngineProcess, cell: Cell) -> str:
    detail = await engine.detail(cell.device)
    try:
        return await cell.outcome(detail)
    except AssertionError as error:
        raise AssertionError(f"{cell.case} at {cell.course}: {detail.device}") from error


async def _begin(engine: EngineProcess, cameras: Sequence[Camera]) -> list[str]:
    added = await engine.add_all([f"{camera.host}:{camera.https_port}" for camera in cameras])
    devices = {view.host: view.id for view in added}
    return [devices[camera.host] for camera in cameras]


async def _settled(engine: EngineProcess) -> None:
    """Wait until no install is open any more."""

    def is_settled() -> bool:
        with closing(sqlite3.connect(engine.state / "state.db")) as connection:
            [still_open] = connection.execute("SELECT count(*) FROM installs WHERE NOT closed").fetchone()
        return not still_open

    await until(is_settled, _DEADLINE)


def _memory(engine: EngineProcess) -> float:
    """The most that the process ever had in memory, in MiB."""
    [line] = [line for line in Path(f"/proc/{engine.pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def _assert_clean(log: str) -> None:
    assert log
    for secret in (_CAMERA.password, "Authorization", "Traceback"):
        assert secret not in log
