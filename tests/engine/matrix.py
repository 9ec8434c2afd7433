"""The crash matrix: for each call of an install, and each thing that can go wrong with it, a camera of its own."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Container, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from core.model.device import CertificateField, Connection, DeviceView
from core.model.video import Video
from core.simulator.camera import Camera
from core.simulator.contents import Contents
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, Mishap, Timing
from tests.engine.cameras import contents, served
from tests.engine.process import EngineProcess, engine_process, until

Purpose = Literal["first install", "re-issue"]
Way = Literal["security service", "device service"]
Outcome = Literal["new", "old"]

PURPOSES: tuple[Purpose, ...] = ("first install", "re-issue")
WAYS: Mapping[Way, CameraSettings] = {
    "security service": CameraSettings(),
    "device service": CameraSettings(keystore=None, certificates=DeviceCertificatesSettings()),
}
FAULTS = {
    "killed before": Mishap("hang"),
    "killed after": Mishap("hang_after"),
    "request lost": Mishap("drop_before"),
    "answer lost": Mishap("lose_reply"),
    "power cut before": Mishap("power_cut_before"),
    "power cut after": Mishap("power_cut_after"),
    "network cut before": Mishap("network_cut_before"),
    "network cut after": Mishap("network_cut_after"),
}
_LATE = frozenset(("killed after", "answer lost", "power cut after", "network cut after"))
TIMING = Timing(switch=0.05, restart=0.1, boot=0.2, cut=0.4)
DEADLINE = 120.0
# Calls that hang, and cameras that are away, must not keep others waiting.
SETTINGS = "parallel_installs = 100\nrestart_patience = 30.0\n"


@dataclass(frozen=True)
class Line:
    """The `number`-th call of an operation in the course of an install."""

    operation: str
    number: int

    def meets(self, fault: str) -> bool:
        """Tell whether a fault is worth a try: before or after a call that changes nothing is all the same."""
        return fault in _LATE or not self.operation.startswith("Get")


Outcomes = dict[tuple[Line, str], Outcome]


@dataclass(frozen=True)
class Course:
    """What is played in a folder of its own, with cameras at 127.0.`network`.x."""

    folder: Path
    network: int
    way: Way
    purpose: Purpose


@dataclass
class Subject:
    """One camera. `factory` is what it came with, `before` what it held before the install, `leaf` what it showed."""

    camera: Camera
    factory: Contents
    before: Contents
    leaf: str
    device: str = ""
    happened: int = 0

    @property
    def address(self) -> str:
        return f"{self.camera.host}:{self.camera.https_port}"

    def has_met(self, line: Line) -> bool:
        """Tell whether what was planned for a call has happened."""
        return self.camera.mishaps.happened[line.operation] > self.happened

    async def outcome(self, view: DeviceView) -> Outcome:
        """Return how the install ended. Fails for a third state, and for anything that is left over or missing."""
        leaf, after = await served(self.camera), contents(self.camera)
        assert (view.connection, view.fingerprint) == (Connection.ONLINE, leaf)
        assert len(after.assigned) == 1
        if leaf == self.leaf:
            assert after == self.before
            return "old"
        assert (view.certificate_field, view.attention) == (CertificateField.ARCULES, None)
        assert set(self.factory.certificates) < set(after.certificates)
        sizes = [[len(held.keys), len(held.certificates), len(held.paths)] for held in (self.factory, after)]
        assert sizes[1] == [size + 1 for size in sizes[0]]
        return "new"


async def lines_of(course: Course) -> tuple[Line, ...]:
    """Return the calls of an install that nothing disturbs: one that is new to it cannot be forgotten here."""
    async with _site(course, "undisturbed", 1) as (engine, [subject]):
        subject.camera.log.requests.clear()
        await _begin(engine, course.purpose, [subject])
        await settled(engine)
        asked: Counter[str] = Counter()
        requests = list(subject.camera.log.requests)
        # The question about video, which comes after the install, may be among them already.
        while requests[-1].operation == "GetServices":
            requests.pop()
        for received in requests:
            # What is refused for want of a login does not count, and how often a key has to be asked after differs.
            is_new = received.operation != "GetKeyStatus" or not asked["GetKeyStatus"]
            asked[received.operation] += received.outcome == "ok" and is_new
    return tuple(Line(operation, number + 1) for operation, most in asked.items() for number in range(most))


async def play(course: Course, lines: Sequence[Line]) -> Outcomes:
    """Return how the install ends for each line and each fault that it can meet."""
    outcomes: Outcomes = {}
    async with AsyncExitStack() as stack:
        for fault in FAULTS:
            met = [line for line in lines if line.meets(fault)]
            if course.purpose == "first install" or not outcomes:
                await stack.aclose()
                engine, subjects = await stack.enter_async_context(_site(course, fault, len(lines)))
            outcomes |= await _play(engine, course.purpose, fault, met, subjects)
    return outcomes


async def _play(
    engine: EngineProcess, purpose: Purpose, fault: str, lines: Sequence[Line], subjects: Sequence[Subject]
) -> Outcomes:
    cells = list(zip(lines, subjects, strict=False))
    for line, subject in cells:
        subject.before, subject.leaf = contents(subject.camera), await served(subject.camera)
        mishap = msgspec.structs.replace(FAULTS[fault], skip=line.number - 1)
        subject.camera.mishaps.plan(line.operation, mishap)
        subject.happened = subject.camera.mishaps.happened[line.operation]
    await _begin(engine, purpose, [subject for _, subject in cells])
    if fault.startswith("killed"):
        await until(lambda: all(subject.has_met(line) for line, subject in cells), DEADLINE)
        engine.kill()
        await engine.start()
    await settled(engine)
    views = {view.id: view for view in await engine.devices()}
    outcomes: Outcomes = {}
    for line, subject in cells:
        assert subject.has_met(line), (line, fault)
        try:
            outcomes[line, fault] = await subject.outcome(views[subject.device])
        except AssertionError as error:
            raise AssertionError(f"{line}, {fault}: {views[subject.device]}") from error
    return outcomes


@asynccontextmanager
async def _site(course: Course, name: str, count: int) -> AsyncIterator[tuple[EngineProcess, list[Subject]]]:
    """Cameras, and an engine that has onboarded them once where they are to be onboarded again."""
    async with AsyncExitStack() as stack:
        folder = course.folder / name
        folder.mkdir()
        engine = await stack.enter_async_context(engine_process(folder, SETTINGS))
        subjects = []
        for number in range(count):
            settings = msgspec.structs.replace(
                WAYS[course.way], host=f"127.0.{course.network}.{number + 1}", serial=str(number), timing=TIMING
            )
            camera = await stack.enter_async_context(Camera(settings))
            held = contents(camera)
            subjects.append(Subject(camera, held, held, await served(camera)))
        if course.purpose == "re-issue":
            await _begin(engine, "first install", subjects)
            await settled(engine)
        yield engine, subjects


async def _begin(engine: EngineProcess, purpose: Purpose, subjects: Sequence[Subject]) -> None:
    if purpose == "re-issue":
        await asyncio.gather(*(engine.reissue(subject.device) for subject in subjects))
        return
    added = await asyncio.gather(*(engine.add(subject.address) for subject in subjects))
    for subject, view in zip(subjects, added, strict=True):
        subject.device = view.id


async def settled(engine: EngineProcess, besides: Callable[[], Container[str]] = frozenset) -> None:
    """Wait until no install is open any more, and every device is there, `besides` some that are not waited for.

    A device is asked about its video after an install, which has to be over, too.
    """

    async def is_settled() -> bool:
        with closing(sqlite3.connect(engine.state / "state.db")) as connection:
            still_open = [device for (device,) in connection.execute("SELECT device FROM installs WHERE NOT closed")]
        views = await engine.devices()
        away = [view.id for view in views if view.connection is not Connection.ONLINE or view.video is Video.DUE]
        left_out = besides()
        return all(device in left_out for device in (*still_open, *away))

    await until(is_settled, DEADLINE)
