"""The engine's real socket with ready answers behind it, for what the command does with them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
from core.model.errors import CamtrustError, RefusedError
from core.model.messages import (
    AddDevices,
    Added,
    AnyCommand,
    AnyResult,
    Authority,
    Certificate,
    CheckDevices,
    Command,
    DeviceDetail,
    Devices,
    Done,
    Event,
    Events,
    ListDevices,
    Look,
    LookAt,
    Looks,
    ReadAuthority,
    ReadCertificate,
    ReadEvents,
    ReissueCertificate,
    ReplaceDevice,
    ReviewDevice,
    ShowDevice,
    Status,
)
from core.model.review import ChangeKind, Difference, Explanation, Review
from core.service.server import Server

DER = bytes(range(256)) * 3
FINGERPRINT = "ab12" * 16

CERTIFICATE = CertificateView(
    fingerprint=FINGERPRINT,
    size=len(DER),
    subject="cam-14.gw.cam.internal",
    issuer="Arcules Gateway CA gw",
    not_before="2026-11-23T07:00:00Z",
    not_after="2036-11-20T07:00:00Z",
    key="RSA 3072",
    signature="SHA-256 with RSA",
)

DOCK = DeviceView(
    id="3f9a12c0",
    name="Loading dock",
    address="192.168.20.14",
    connection=Connection.ONLINE,
    certificate_field=CertificateField.ARCULES,
    fingerprint=FINGERPRINT,
    not_after="2036-11-20T07:00:00Z",
    issuer="Arcules Gateway CA gw",
    origin=Origin.ISSUED,
    host="192.168.20.14",
    port=443,
)

LOBBY = DeviceView(
    id="77be4c70",
    name="Lobby",
    address="192.168.20.11:4443",
    connection=Connection.ONLINE,
    certificate_field=CertificateField.DEVICE,
    attention="The device's own certificate, not accepted yet",
    attention_kind=AttentionKind.REVIEW_LEAF,
    attention_hint="Compare its fingerprint with the one that the camera shows on its own page.",
    fingerprint="cd34" * 16,
    not_after="2027-02-01T00:00:00Z",
    origin=Origin.DEVICE,
    host="192.168.20.11",
    port=4443,
)

OTHER = "99ff" * 14 + "0c2d35b9"

BLOCKED = msgspec.structs.replace(
    DOCK,
    connection=Connection.BLOCKED,
    attention="Error with device certificate",
    attention_kind=AttentionKind.REVIEW_CHANGE,
    presented=OTHER,
    change="Back to the maker's own certificate",
)

REVIEW = Review(
    device=BLOCKED,
    stored=CERTIFICATE,
    presented=msgspec.structs.replace(CERTIFICATE, fingerprint=OTHER, subject="mx-2240", issuer="mx-2240"),
    explanations=(
        Explanation(ChangeKind.NEW_KEY, "The key is another one", "A restart can do that. So can another device."),
        Explanation(ChangeKind.VENDOR_DEFAULT, "Back to the maker's own certificate", "A factory reset does this."),
    ),
    differences=(
        Difference("Subject", "cam-14.gw.cam.internal", "mx-2240", False),
        Difference("Names", "192.168.20.14\ncam-14.gw.cam.internal", "", False),
        Difference("Key", "RSA 3072", "RSA 3072", True),
        Difference("SHA-256", FINGERPRINT, OTHER, False),
    ),
    stored_by="tech1",
    stored_at="2020-02-03T07:00:00Z",
)

FOUND = DeviceView(id="found:x", name="Gate", address="192.168.20.33", connection=Connection.DISCOVERED)

EVENT = Event(
    seq=7,
    at="2026-11-24T07:00:00Z",
    who="tech1",
    kind="added",
    text="added by tech1",
    device=DOCK.id,
    name="Loading dock",
)

INSTALL = InstallView(
    device=DOCK.id,
    step=2,
    steps=(
        StepView(1, "Find HTTPS", StepState.DONE, "HTTPS on 443", 0.2),
        StepView(2, "Log in", StepState.FAILED, "refused", 0.1),
        StepView(3, "Clean up", StepState.SKIPPED),
    ),
    seconds=0.3,
    finished=True,
    outcome="HTTPS (Device): login refused",
    hint="Try another password.",
)


class Scripted:
    """Gives each command its ready answer.

    `ends` is what an added device has become, without one it stays as added. `reviews` are told one after another, the
    last one again and again. What it `refuses` it refuses to `refused` commands only, if any are named.
    """

    def __init__(self) -> None:
        self.board = Board(lambda: Status(gateway="gw", version="0", pid=os.getpid()))
        self.board.load_events([EVENT])
        self.asked: list[AnyCommand] = []
        self.ends: DeviceView | None = DOCK
        self.reviews = [REVIEW]
        self.install = INSTALL
        self.events = [EVENT]
        self.look = Look("", "HTTPS on 443", CERTIFICATE)
        self.refuses: CamtrustError | None = None
        self.refused: tuple[type[Command], ...] = ()

    def put(self, *devices: DeviceView) -> None:
        for device in devices:
            self.board.put(device)

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        self.asked.append(command)
        if self.refuses is not None and (not self.refused or isinstance(command, self.refused)):
            raise self.refuses
        return self._answer(command)

    def _answer(self, command: AnyCommand) -> AnyResult:
        devices = tuple(self.board.devices.values())
        match command:
            case ListDevices():
                return Devices(devices)
            case ShowDevice():
                return DeviceDetail(
                    self._device(command.device), CERTIFICATE, None, "tech1", EVENT.at, self.install, (EVENT,)
                )
            case ReadEvents():
                return Events(tuple(self.events[-command.limit :]))
            case ReadCertificate():
                return Certificate(self._device(command.device).id, FINGERPRINT, DER)
            case ReadAuthority():
                return Authority(CERTIFICATE, DER, "key file readable by this account only")
            case LookAt():
                return Looks(tuple(msgspec.structs.replace(self.look, address=text) for text in command.addresses))
            case AddDevices():
                return self._added(len(command.addresses))
            case ReplaceDevice() | ReissueCertificate():
                return self._added(1)
            case ReviewDevice():
                return self.reviews.pop(0) if len(self.reviews) > 1 else self.reviews[0]
            case CheckDevices():
                return Devices(tuple(device for device in devices if device.connection is not Connection.DISCOVERED))
        return Done()

    def _device(self, text: str) -> DeviceView:
        for device in self.board.devices.values():
            if text in (device.id, device.name, device.address):
                return device
        raise RefusedError(f"There is no device '{text}'", "camtrust list shows them.")

    def _added(self, count: int) -> Added:
        end = self.ends or DOCK
        adding = DeviceView(id=end.id, name=end.name, address=end.address, connection=Connection.ADDING)
        self.put(self.ends or adding)
        return Added((adding,) * count)


@asynccontextmanager
async def scripted(folder: Path) -> AsyncIterator[tuple[Scripted, Path]]:
    """Serve ready answers on a socket in `folder`."""
    engine = Scripted()
    server = Server(engine, engine.board, folder / "log")
    path = folder / "engine.sock"
    await server.start(path)
    try:
        yield engine, path
    finally:
        await server.close("the test is over")
