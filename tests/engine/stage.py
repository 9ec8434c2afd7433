"""One device for each cell of a table of trust: set up in a store, shown something, acted upon, and looked at."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from core.engine.endings import REVIEW
from core.model.config import DiscoverySettings
from core.model.device import Attention, AttentionKind, CertificateField, Connection, DeviceView, Origin
from core.model.errors import CamtrustError
from core.model.messages import (
    AcceptCertificate,
    AnyCommand,
    CheckDevices,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
)
from core.model.records import DeviceRecord, Login, Pin
from core.model.secret import Secret
from core.store.folder import StateFolder
from core.store.store import NewEvent, Store
from tests.discovery.cameras import GROUP, send
from tests.discovery.messages import about, hello
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice, Odd, Shown, twin_of
from tests.engine.process import free_udp_port
from tests.network.leaves import Leaf, new_leaf

AT = "2026-01-01T00:00:00Z"
HTTP_ONLY = "HTTP elsewhere"
ODD = {"TLS fails": Odd.BROKEN, "HTTP instead": Odd.PLAIN}
AWAY = ("port closed", HTTP_ONLY)


@dataclass(frozen=True)
class Start:
    """What a device is before anything happens: its pin's origin, and what it shows (None: it is away)."""

    origin: Origin | None = None
    shows: str | None = "P"
    scheme: str = "https"
    baseline: str = "on"
    attention: tuple[Attention, ...] = ()

    @property
    def presented(self) -> str | None:
        return "X" if self.shows == "X" else None


STARTS = {
    "issued, online": Start(Origin.ISSUED),
    "issued, offline": Start(Origin.ISSUED, shows=None, baseline="off"),
    "accepted, online": Start(Origin.ACCEPTED),
    "device, online": Start(Origin.DEVICE, baseline="own", attention=(REVIEW,)),
    "issued, blocked": Start(Origin.ISSUED, shows="X", baseline="BLK X"),
    "http, online": Start(shows="HTTP instead", scheme="http", baseline="http"),
    "bare, offline": Start(
        shows=None, scheme="", baseline="bare", attention=(Attention(AttentionKind.UNREACHABLE, "It did not answer"),)
    ),
}
NO_RETRIES = msgspec.structs.replace(CONFIG, check_period=3600.0, retry_period=3600.0)


@dataclass
class Cell:
    """A device, what it will show (a key of `leaves` or `ODD`, or one of `AWAY`), and what will be done about it."""

    start: Start
    shown: str
    act: str
    host: str
    neighbour: Leaf
    leaves: dict[str, Leaf] = field(init=False)
    refused: bool = False

    def __post_init__(self) -> None:
        self.id = self.host.replace(".", "-")
        own = {name: new_leaf(name) for name in "PFOXY"}
        self.leaves = own | {"K": twin_of(own["P"]), "N": self.neighbour}
        self.device = CountingDevice(self.host, Odd.PLAIN)
        self.plain = CountingDevice(self.host, Odd.PLAIN)

    @property
    def reviewed(self) -> str:
        """What the technician has seen of it: the leaf that it shows, or showed last."""
        return next(
            self.leaves[name].fingerprint for name in (self.shown, self.start.shows or "P", "P") if name in self.leaves
        )

    async def show(self, what: str | None) -> None:
        if what is None or what in AWAY:
            await self.device.off()
        else:
            shown: Shown = ODD[what] if what in ODD else self.leaves[what]
            self.device.show(shown)
            await self.device.on()

    async def announce(self, gateway: Gateway, port: int) -> None:
        """Let it tell the network that it speaks plain HTTP."""
        await self.plain.on()
        place = f"http://{self.plain.address}/onvif/device_service"
        send(hello(about(endpoint=f"urn:uuid:{self.id}", xaddrs=place)), self.host, (GROUP, port))
        await until(lambda: gateway.view(self.id).found_by)

    async def decide(self, gateway: Gateway) -> None:
        """Do what the technician does, to the end."""
        self.device.heard.clear()
        if self.act == "accept late":
            await self.show("Y")
        if self.act == "nothing":
            return
        command = self._command()
        try:
            await gateway.engine.handle(command, CALLER)
        except CamtrustError:
            self.refused = True
            return
        if isinstance(command, ReplaceDevice | ReissueCertificate):
            await gateway.ended(self.id)

    def _command(self) -> AnyCommand:
        match self.act:
            case "accept" | "accept late":
                return AcceptCertificate(device=self.id, fingerprint=self.reviewed)
            case "accept else":
                something = self.leaves["F" if self.shown == "N" else "N"]
                return AcceptCertificate(device=self.id, fingerprint=something.fingerprint)
            case "replace":
                return ReplaceDevice(device=self.id, expect=self.reviewed, patience=0.0)
            case "replace unseen":
                return ReplaceDevice(device=self.id, address=self._same_place(), patience=0.0)
            case "reissue":
                return ReissueCertificate(device=self.id)
        assert self.act == "remove"
        return RemoveDevice(device=self.id)

    def _same_place(self) -> str | None:
        """A technician may type the address that it has anyway: it is no reason to trust what is there."""
        return self.device.address if self.start.origin is not None else None

    def told(self, gateway: Gateway) -> str:
        """What became of it, as the tables say it."""
        view = gateway.engine.board.devices.get(self.id)
        became = "gone" if view is None else self._in_short(view)
        return f"{'-' if self.refused else ''}{became}{self._sent()}"

    def _in_short(self, view: DeviceView) -> str:
        short, usual = _STATES[view.connection, view.certificate_field]
        if view.presented:
            short += f" {self._name(view.presented)}"
        if view.fingerprint and (view.fingerprint, view.origin) != (self.leaves["P"].fingerprint, self.start.origin):
            short += f":{self._name(view.fingerprint)}"
            if view.origin is Origin.ISSUED:
                short += " by nobody"
        kind = view.attention_kind
        return short if kind is usual else f"{short}!{_KINDS.get(kind, kind) if kind else ''}"

    def _sent(self) -> str:
        # What is on HTTP is asked over HTTP at every look.
        over = {heard.leaf for heard in self.device.heard if heard.leaf or self.start.scheme != "http"}
        names = [*(self._name(leaf) for leaf in over), *(["HTTP"] if self.plain.heard else [])]
        return f"*{'+'.join(names)}" if names else ""

    def _name(self, leaf: str) -> str:
        return next((name for name, known in self.leaves.items() if known.fingerprint == leaf), leaf or "HTTP")


_KINDS = {AttentionKind.SAME_CERTIFICATE: "twin", AttentionKind.TLS_FAILED: "tls"}
_STATES: dict[tuple[Connection, CertificateField | None], tuple[str, AttentionKind | None]] = {
    (Connection.ONLINE, CertificateField.ARCULES): ("on", None),
    (Connection.ONLINE, CertificateField.DEVICE): ("own", AttentionKind.REVIEW_LEAF),
    (Connection.ONLINE, CertificateField.HTTP): ("http", None),
    (Connection.OFFLINE, CertificateField.ARCULES): ("off", AttentionKind.UNREACHABLE),
    (Connection.OFFLINE, CertificateField.DEVICE): ("own off", AttentionKind.REVIEW_LEAF),
    (Connection.OFFLINE, CertificateField.HTTP): ("http off", AttentionKind.UNREACHABLE),
    (Connection.OFFLINE, None): ("bare", AttentionKind.UNREACHABLE),
    (Connection.BLOCKED, CertificateField.ARCULES): ("BLK", AttentionKind.REVIEW_CHANGE),
    (Connection.BLOCKED, CertificateField.DEVICE): ("own BLK", AttentionKind.REVIEW_CHANGE),
}


async def play(
    folder: Path, start: str, number: int, shown: Sequence[str], acts: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return what becomes of a device for each of `shown` and each of `acts`. `number` keeps stages apart."""
    neighbour = new_leaf("neighbour")
    cells = [
        Cell(STARTS[start], what, act, f"127.{90 + number}.{row}.{column}", neighbour)
        for row, what in enumerate(shown, 1)
        for column, act in enumerate(acts, 1)
    ]
    port = free_udp_port()
    async with AsyncExitStack() as stack:
        for cell in cells:
            stack.push_async_callback(cell.plain.off)
            await stack.enter_async_context(cell.device)
            await cell.show(cell.start.shows)
        await _store(folder, cells, neighbour)
        async with running(
            folder, msgspec.structs.replace(NO_RETRIES, discovery=DiscoverySettings(port, 0, 0))
        ) as gateway:
            await _play(gateway, cells, port)
            told = {(cell.shown, cell.act): cell.told(gateway) for cell in cells}
    return {what: {act: told[what, act] for act in acts} for what in shown}


async def _play(gateway: Gateway, cells: Sequence[Cell], port: int) -> None:
    await gateway.engine.handle(CheckDevices(), CALLER)
    for cell in cells:
        cell.device.heard.clear()
        assert cell.told(gateway) == cell.start.baseline
        await cell.show(cell.shown)
        if cell.shown == HTTP_ONLY:
            await cell.announce(gateway, port)
    await gateway.engine.handle(CheckDevices(), CALLER)
    assert not any(cell._sent() for cell in cells)
    await asyncio.gather(*(cell.decide(gateway) for cell in cells))
    await gateway.engine.handle(CheckDevices(), CALLER)


async def _store(folder: Path, cells: Sequence[Cell], neighbour: Leaf) -> None:
    """Leave behind what an earlier run of the engine would have, and one device more, the neighbour."""
    state = StateFolder.open(folder)
    store = await Store.open(folder)
    try:
        host = cells[0].host.rpartition(".")[0] + ".250"
        pin = Pin(await store.put_certificate(neighbour.der), Origin.ISSUED, AT, "tech1")
        await store.pin(_record("neighbour", host, 1, pin=pin), None, _EVENT)
        for cell in cells:
            await _store_device(store, cell)
    finally:
        await store.close()
        state.close()


async def _store_device(store: Store, cell: Cell) -> None:
    start, leaves = cell.start, cell.leaves
    record = _record(cell.id, cell.host, cell.device.port, scheme=start.scheme, attention=start.attention)
    for name in "FP" if start.origin else ():
        pin = Pin(await store.put_certificate(leaves[name].der), start.origin or Origin.ISSUED, AT, "tech1")
        record = msgspec.structs.replace(record, pin=pin)
        await store.pin(record, None, _EVENT)
    presented = await store.put_certificate(leaves[start.presented].der) if start.presented else None
    await store.put_device(msgspec.structs.replace(record, presented=presented))
    await store.put_login(cell.id, Login("admin", Secret("s3cret")))


def _record(
    device: str,
    host: str,
    port: int,
    *,
    scheme: str = "https",
    pin: Pin | None = None,
    attention: tuple[Attention, ...] = (),
) -> DeviceRecord:
    return DeviceRecord(
        id=device,
        name=device,
        host=host,
        port=port,
        scheme=scheme,
        pin=pin,
        attention=attention,
        added_at=AT,
        added_by="tech1",
    )


_EVENT = NewEvent(at=AT, who="tech1", kind="accepted", text="as an earlier run left it")
