"""A scripted engine behind the real server: it shows what a test puts on its board and answers what a test tells it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from core.engine.board import Board
from core.model.caller import Caller
from core.model.device import (
    AttentionKind,
    CertificateField,
    CertificateView,
    Connection,
    DeviceView,
    InstallView,
    Origin,
    StepState,
    StepView,
)
from core.model.errors import RefusedError
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    Added,
    AnyCommand,
    AnyResult,
    Certificate,
    CheckDevices,
    DeviceDetail,
    Devices,
    Done,
    Event,
    Events,
    ListDevices,
    Look,
    LookAt,
    Looks,
    ReadCertificate,
    ReadEvents,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
    ReviewDevice,
    ShowDevice,
    Status,
)
from core.model.preflight import Preflight, PreflightReports
from core.model.review import ChangeKind, Difference, Explanation, Review
from core.model.rollout import CancelRollout, RolloutView, StartRollout
from core.model.sighting import SourceStatus
from core.service.client import Client
from core.service.server import Server
from tests.tui.reports import begun, ready

PRINT = "3f9a12c088d14c709e2251b70d4f77be6f1a09d3c2b74e58a1906d33f0aa77be"
OTHER_PRINT = "b1d04e9960aa1f037c61d2e835b902ac90be7712aa34cd56ef7890123456abcd"

TITLES = (
    "Find HTTPS",
    "Look at the certificate",
    "Ask what the camera can do",
    "Log in",
    "Check for room",
    "The camera makes its key",
    "Sign the certificate",
    "Install the certificate",
    "The camera restarts its web server",
    "Clean up",
)


def found(number: int, name: str = "", **more: object) -> DeviceView:
    """Return a device that discovery found at 192.168.20.`number`."""
    host = f"192.168.20.{number}"
    fields: dict[str, object] = {"host": host, "port": 443, "found_by": ("WS-Discovery (HTTPS 443)",), **more}
    return DeviceView(f"found:{host}", name or host, host, Connection.DISCOVERED, **fields)  # type: ignore[arg-type]


def added(number: int, name: str, connection: Connection = Connection.ONLINE, **more: object) -> DeviceView:
    """Return a device that was added and, unless `more` says otherwise, has a certificate of ours."""
    fields: dict[str, object] = {
        "certificate_field": CertificateField.ARCULES,
        "origin": Origin.ISSUED,
        "fingerprint": PRINT,
        "not_after": "2036-11-20T00:00:00Z",
        "host": f"192.168.20.{number}",
        "since": "2026-11-24T07:00:00Z",
        **more,
    }
    return DeviceView(f"cam-{number}", name, f"192.168.20.{number}", connection, **fields)  # type: ignore[arg-type]


def over_http(number: int, name: str) -> DeviceView:
    """Return a device on plain HTTP."""
    return added(number, name, certificate_field=CertificateField.HTTP, origin=None, fingerprint=None, not_after=None)


RESET = "Back to the certificate from before ours was installed"


def blocked(number: int, name: str, **more: object) -> DeviceView:
    """Return a device that shows another certificate."""
    fields: dict[str, object] = {
        "connection": Connection.BLOCKED,
        "attention": "Error with device certificate",
        "attention_kind": AttentionKind.REVIEW_CHANGE,
        "attention_hint": "The device shows another certificate than the stored one and is blocked.",
        "presented": OTHER_PRINT,
        **more,
    }
    return added(number, name, **fields)  # type: ignore[arg-type]


def review(number: int, name: str, **more: object) -> DeviceView:
    """Return a device on its own certificate."""
    fields: dict[str, object] = {
        "certificate_field": CertificateField.DEVICE,
        "origin": Origin.DEVICE,
        "attention": "The device's own certificate, not accepted yet",
        "attention_kind": AttentionKind.REVIEW_LEAF,
        "attention_hint": "Compare its fingerprint.",
        **more,
    }
    return added(number, name, **fields)  # type: ignore[arg-type]


def stored(fingerprint: str = PRINT, **more: object) -> CertificateView:
    """Return a certificate as the engine describes one."""
    fields: dict[str, object] = {
        "subject": "cam-14.gw-042.cam.internal",
        "issuer": "Arcules Gateway CA gw-042",
        "not_before": "2026-11-22T00:00:00Z",
        "not_after": "2036-11-20T00:00:00Z",
        "key": "RSA 3072",
        "key_fingerprint": OTHER_PRINT[::-1],
        "signature": "SHA-256 with RSA",
        "serial": "4c70 9e22",
        "names": ("cam-14.gw-042.cam.internal", "192.168.20.14"),
        **more,
    }
    return CertificateView(fingerprint, 1100, **fields)  # type: ignore[arg-type]


def presented(fingerprint: str = OTHER_PRINT, **more: object) -> CertificateView:
    """Return a certificate that a device made itself."""
    fields: dict[str, object] = {
        "subject": "axis-b8a44f1c2d3e",
        "issuer": "axis-b8a44f1c2d3e",
        "self_signed": True,
        "not_before": "2024-03-01T00:00:00Z",
        "not_after": "2044-02-25T00:00:00Z",
        "key": "RSA 2048",
        "key_fingerprint": PRINT[::-1],
        "names": (),
        **more,
    }
    return stored(fingerprint, **fields)


def review_of(view: DeviceView, **more: object) -> Review:
    """Return what an engine tells of a device's certificates."""
    old = stored(view.fingerprint) if view.fingerprint else None
    new = presented(view.presented) if view.presented else old
    reset = Explanation(ChangeKind.VENDOR_DEFAULT, RESET, "A factory reset does this. Find out who reset the device.")
    fields: dict[str, object] = {
        "explanations": (reset,) if view.presented else (),
        "differences": differences(old, new) if new else (),
        "stored_by": "tech1",
        "stored_at": "2026-11-22T09:00:00Z",
        "since": "2026-11-24T07:03:00Z" if view.presented else "",
        **more,
    }
    return Review(view, old, new, **fields)  # type: ignore[arg-type]


def differences(old: CertificateView | None, new: CertificateView) -> tuple[Difference, ...]:
    """Return both certificates field by field, in the order in which the engine tells them."""
    left, right = _fields(old) if old else {}, _fields(new)
    return tuple(Difference(label, left.get(label, ""), text, left.get(label) == text) for label, text in right.items())


def _fields(view: CertificateView) -> dict[str, str]:
    return {
        "Subject": view.subject,
        "Issuer": f"{view.issuer} (itself)" if view.self_signed else view.issuer,
        "Names": ", ".join(view.names) or "None",
        "Serial": view.serial,
        "Valid from": view.not_before,
        "Valid until": view.not_after,
        "Key": view.key,
        "Key SHA-256": view.key_fingerprint,
        "Signature": view.signature,
        "Extensions": "; ".join(view.extensions) or "None",
        "SHA-256": view.fingerprint,
        "Size": f"{view.size} bytes",
    }


def install(device: str, step: int, *, seconds: float = 23.0, **more: object) -> InstallView:
    """Return an install that is at `step`."""
    steps = tuple(_step(number, title, step) for number, title in enumerate(TITLES, 1))
    fields: dict[str, object] = {"cancellable": step < 8, **more}
    return InstallView(device, step, steps, seconds, **fields)  # type: ignore[arg-type]


def _step(number: int, title: str, now: int) -> StepView:
    if number < now:
        return StepView(number, title, StepState.DONE, seconds=0.2)
    if number == now:
        return StepView(number, title, StepState.DOING, seconds=21.0, usual=35.0)
    return StepView(number, title, StepState.WAITING, usual=30.0 if number == 9 else None)


class ScriptedEngine:
    """The handler behind the server. `asked` are the commands so far; `answers` replaces an answer by its class,
    `holds` holds one back until its event is set.
    """

    def __init__(self) -> None:
        self.status = Status(
            "gw-042", "0.1.0", 1, sources=(SourceStatus("WS-Discovery", 40, devices=11),), rescan_in=40.0
        )
        self.board = Board(lambda: self.status)
        self.asked: list[AnyCommand] = []
        self.answers: dict[type[AnyCommand], Callable[[AnyCommand], AnyResult]] = {}
        self.holds: dict[type[AnyCommand], asyncio.Event] = {}
        self.details: dict[str, DeviceDetail] = {}
        self.reviews: dict[str, Review] = {}
        self.rollout: RolloutView | None = None
        self.board.rollout = lambda: self.rollout

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        """Answer as an engine would."""
        self.asked.append(command)
        if type(command) in self.holds:
            await self.holds[type(command)].wait()
        if type(command) in self.answers:
            return self.answers[type(command)](command)
        match command:
            case ListDevices():
                return Devices(tuple(self.board.devices.values()))
            case ShowDevice():
                return self._detail(command.device)
            case LookAt():
                return Looks(tuple(self._look(address) for address in command.addresses))
            case AddDevices():
                return Added(tuple(self._added(address) for address in command.addresses))
            case ReviewDevice():
                return self._review(command.device)
            case AcceptCertificate():
                return self._accept(command, caller)
            case ReplaceDevice():
                return Added((self._work_on(command.device, "replacing"),))
            case ReissueCertificate():
                return Added((self._work_on(command.device, "re-issuing"),))
            case CheckDevices():
                return Devices(tuple(view for view in self.board.devices.values() if "found" not in view.id))
            case ReadCertificate():
                fingerprint = PRINT if command.which == "stored" else OTHER_PRINT
                return Certificate(command.device, fingerprint, b"0\x82" + command.which.encode())
            case ReadEvents():
                events, _ = self.board.events_after(0)
                return Events(tuple(event for event in events if command.device in (None, event.device)))
            case Preflight():
                return PreflightReports(tuple(map(ready, command.devices)))
            case StartRollout():
                return self.roll(begun(command.devices or tuple(self.board.devices)))
            case CancelRollout():
                assert self.rollout is not None
                return self.roll(msgspec.structs.replace(self.rollout, cancelled_by=caller.user))
            case RemoveDevice():
                self.board.drop(command.device)
                return Done()
            case _:
                return Done()

    def show(self, *devices: DeviceView) -> None:
        """Put devices on the board."""
        for device in devices:
            self.board.put(device)

    def roll(self, view: RolloutView) -> RolloutView:
        """Have a rollout on the board."""
        self.rollout = view
        self.board.rollout_changed()
        return view

    def tell(self, seq: int, text: str, **more: str) -> None:
        """Tell an event."""
        self.board.add_event(Event(seq, "2026-11-24T07:02:00Z", "tech1", "test", text, **more))

    def _detail(self, device: str) -> DeviceDetail:
        view = self._view(device)
        has_one = view.fingerprint is not None
        default = DeviceDetail(view, stored() if has_one else None, stored_by="tech1", stored_at="2026-11-22T09:00:00Z")
        return self.details.get(device, default)

    def _view(self, device: str) -> DeviceView:
        view = self.board.devices.get(device)
        if view is None:
            raise RefusedError(f"There is no device '{device}'")
        return view

    def _review(self, device: str) -> Review:
        view = self._view(device)
        return msgspec.structs.replace(self.reviews.get(device) or review_of(view), device=view)

    def _accept(self, command: AcceptCertificate, caller: Caller) -> Done:
        view = self._view(command.device)
        if command.fingerprint != (view.presented or view.fingerprint):
            raise RefusedError(
                f"{view.name} shows another certificate now than the one that was reviewed",
                "Nothing was accepted. Compare the one that it shows now.",
            )
        self.accepted(view.id, command.fingerprint, caller.user)
        return Done()

    def accepted(self, device: str, fingerprint: str, by: str) -> None:
        """Have somebody accept a certificate."""
        view = self._view(device)
        trusted = added(int(view.host.rpartition(".")[2]), view.name, fingerprint=fingerprint, origin=Origin.ACCEPTED)
        self.show(trusted)
        seq = self.board.last_event + 1
        self.board.add_event(Event(seq, "2026-11-24T07:04:00Z", by, "accepted", "certificate accepted", device))

    def _work_on(self, device: str, doing: str) -> DeviceView:
        work = {"connection": Connection.ADDING, "step": 1, "steps": 10, "attention": None, "attention_kind": None}
        view = msgspec.structs.replace(self._view(device), **work)
        self.board.put(view)
        self.board.put_install(install(device, 1, doing=doing))
        return view

    def _look(self, address: str) -> Look:
        own = stored(OTHER_PRINT, subject="axis-b8a44f", issuer="axis-b8a44f", self_signed=True)
        return Look(address, "HTTPS on 443 (found there)", own)

    def _added(self, address: str) -> DeviceView:
        number = int(address.rpartition(".")[2])
        view = added(number, f"Camera {number}", Connection.ADDING, step=1, steps=10, fingerprint=None, origin=None)
        self.board.drop(f"found:{address}")
        self.board.put(view)
        self.board.put_install(install(view.id, 1))
        return view


@asynccontextmanager
async def serving(engine: ScriptedEngine, folder: Path) -> AsyncIterator[Path]:
    """Serve an engine on a socket in a folder."""
    server = Server(engine, engine.board, folder / "engine.log")
    path = folder / "engine.sock"
    await server.start(path)
    try:
        yield path
    finally:
        await server.close("The engine was ended")


def connector(path: Path) -> Callable[[], Coroutine[Any, Any, Client]]:
    """Return what the app connects with."""

    async def connect() -> Client:
        return await Client.connect(path, watch=True)

    return connect
