"""The wire between engine and clients: JSON lines on a Unix socket, one tagged struct a line.

A client opens with `Hello`; the engine answers `Welcome` or `Failure` and closes. Then the client sends `Request`s and
gets one `Reply` or `Failure` for each, in any order. A client that asked to `watch` also gets `Update`s: the newest
state of what changed, never a queue of what happened in between; only events are told one by one.
"""

from typing import Any, ClassVar

import msgspec

from core.model.command import Command as Command
from core.model.command import Role as Role
from core.model.device import CertificateView, DeviceView, InstallView
from core.model.preflight import Look as Look
from core.model.preflight import LookAt as LookAt
from core.model.preflight import Looks as Looks
from core.model.preflight import Preflight, PreflightReports
from core.model.review import Review
from core.model.rollout import CancelRollout, ReadRollout, RolloutView, StartRollout
from core.model.secret import Secret, decode_secret, encode_secret
from core.model.status import Attached as Attached
from core.model.status import Event as Event
from core.model.status import ScanView as ScanView
from core.model.status import Status as Status

PROTOCOL = 1
LONGEST_LINE = 4 * 1024 * 1024


# Commands.


class Ping(Command, tag="ping", frozen=True, kw_only=True):
    """Nothing but a sign of life. Answer: `Done`."""

    needs: ClassVar[Role] = Role.VIEWER


class ListDevices(Command, tag="list", frozen=True, kw_only=True):
    """All devices, added and discovered. Answer: `Devices`."""

    needs: ClassVar[Role] = Role.VIEWER


class ShowDevice(Command, tag="show", frozen=True, kw_only=True):
    """One device by id, name or address. Answer: `DeviceDetail`."""

    needs: ClassVar[Role] = Role.VIEWER
    device: str


class ReadEvents(Command, tag="events", frozen=True, kw_only=True):
    """The newest `limit` events, oldest first. Answer: `Events`."""

    needs: ClassVar[Role] = Role.VIEWER
    limit: int = 100
    device: str | None = None


class ReadCertificate(Command, tag="certificate", frozen=True, kw_only=True):
    """The raw certificate of a device, `which` being `stored` or `presented`. Answer: `Certificate`."""

    needs: ClassVar[Role] = Role.VIEWER
    device: str
    which: str = "stored"


class ReadAuthority(Command, tag="authority", frozen=True, kw_only=True):
    """The authority's own certificate. Answer: `Authority`."""

    needs: ClassVar[Role] = Role.VIEWER


class AddDevices(Command, tag="add", frozen=True, kw_only=True):
    """Add each address, with one login for all, and onboard it. Answer: `Added`, at once.

    `names` are one for each address, empty where none was given, or none at all. `expect` is a SHA-256 fingerprint in
    hex that the first leaf must have; `patience` is in seconds. `enable_https`: where HTTPS is switched off on a
    device, log in over plain HTTP and switch it on.
    """

    addresses: tuple[str, ...]
    user: str = ""
    password: Secret | None = None
    names: tuple[str, ...] = ()
    allow_http_login: bool = False
    enable_https: bool = False
    expect: str | None = None
    patience: float | None = None


class ReviewDevice(Command, tag="review", frozen=True, kw_only=True):
    """The stored and the presented certificate of a device side by side, and why they differ. Answer: `Review`."""

    needs: ClassVar[Role] = Role.VIEWER
    device: str


class AcceptCertificate(Command, tag="accept", frozen=True, kw_only=True):
    """Pin the certificate that was reviewed, named by its `fingerprint`, if the device still shows it. Answer: `Done`.

    Refused where the device shows another one now, or does not answer.
    """

    device: str
    fingerprint: str
    reason: str = ""


class ReplaceDevice(Command, tag="replace", frozen=True, kw_only=True):
    """Onboard an added device again: from HTTP to HTTPS, or new hardware in its place. Answer: `Added`, at once.

    Without `address` it is looked for where it was, without `user` the stored login is used. For a blocked device
    `expect` is the fingerprint that was reviewed. The old pin stays until the new one stands.
    """

    device: str
    address: str | None = None
    user: str = ""
    password: Secret | None = None
    allow_http_login: bool = False
    enable_https: bool = False
    expect: str | None = None
    patience: float | None = None


class ReissueCertificate(Command, tag="reissue", frozen=True, kw_only=True):
    """Have the device make a new key, and sign a new certificate for it. Answer: `Added`, at once."""

    device: str


class CheckDevices(Command, tag="check", frozen=True, kw_only=True):
    """Look at added devices now, all where none is named. Answer: `Devices`, when all of these were looked at.

    Devices that are named are also asked which way their video can take.
    """

    devices: tuple[str, ...] = ()


class CancelInstall(Command, tag="cancel", frozen=True, kw_only=True):
    """Stop an install that has not passed its point of no return. Answer: `Done`."""

    device: str


class RemoveDevice(Command, tag="remove", frozen=True, kw_only=True):
    """Forget a device, its pin and its login; the history stays. Answer: `Done`."""

    device: str


class Rescan(Command, tag="rescan", frozen=True, kw_only=True):
    """Ask the network again now. Answer: `Done`."""


class ScanNetworks(Command, tag="scan", frozen=True, kw_only=True):
    """Try each address of networks such as `192.168.20.0/24`. Answer: `Scanned`, when all were tried."""

    networks: tuple[str, ...]


class CancelScan(Command, tag="cancel_scan", frozen=True, kw_only=True):
    """End the scan that is under way. Answer: `Done`; the scan's own answer then tells how far it came."""


class StopEngine(Command, tag="stop", frozen=True, kw_only=True):
    """End the engine. Refused while an install is under way, unless `force`. Answer: `Done`."""

    force: bool = False


AnyCommand = (
    Ping
    | ListDevices
    | ShowDevice
    | ReadEvents
    | ReadCertificate
    | ReadAuthority
    | LookAt
    | Preflight
    | AddDevices
    | ReviewDevice
    | AcceptCertificate
    | ReplaceDevice
    | ReissueCertificate
    | CheckDevices
    | CancelInstall
    | RemoveDevice
    | Rescan
    | ScanNetworks
    | CancelScan
    | StartRollout
    | CancelRollout
    | ReadRollout
    | StopEngine
)


# Results.


class Done(msgspec.Struct, frozen=True, tag="done"):
    """It was done; there is nothing to tell."""


class Devices(msgspec.Struct, frozen=True, tag="devices"):
    """All devices, in no particular order."""

    devices: tuple[DeviceView, ...]


class DeviceDetail(msgspec.Struct, frozen=True, tag="detail"):
    """One device with all that is known of it. `presented` is set only where it differs from `stored`."""

    device: DeviceView
    stored: CertificateView | None = None
    presented: CertificateView | None = None
    stored_by: str = ""
    stored_at: str = ""
    install: InstallView | None = None
    events: tuple[Event, ...] = ()


class Events(msgspec.Struct, frozen=True, tag="event_list"):
    """Events, oldest first."""

    events: tuple[Event, ...]


class Certificate(msgspec.Struct, frozen=True, tag="der"):
    """A raw certificate, for the client to write with the technician's own file rights."""

    device: str
    fingerprint: str
    der: bytes


class Authority(msgspec.Struct, frozen=True, tag="authority_info"):
    """The authority: its certificate, and how its key is protected, in words."""

    certificate: CertificateView
    der: bytes
    protection: str


class Added(msgspec.Struct, frozen=True, tag="added"):
    """The devices that the addresses became, in the same order; their onboarding is under way."""

    devices: tuple[DeviceView, ...]


class Scanned(msgspec.Struct, frozen=True, tag="scanned"):
    """How a scan ended: how many of its `total` addresses were tried, and the rows of what answered there."""

    total: int
    tried: int
    devices: tuple[DeviceView, ...]


AnyResult = (
    Done
    | Devices
    | DeviceDetail
    | Events
    | Certificate
    | Authority
    | Looks
    | PreflightReports
    | Added
    | Review
    | Scanned
    | RolloutView
)


# Lines.


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The client's first line. `role` is what it asks for, `watch` whether it wants updates."""

    protocol: int = PROTOCOL
    role: Role = Role.OPERATOR
    watch: bool = False
    client: str = ""


class Request(msgspec.Struct, frozen=True, tag="request"):
    """A command, with a number that its answer carries back."""

    seq: int
    command: AnyCommand


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The engine's first line: the role it gave, and the name by which it knows the technician."""

    protocol: int
    role: Role
    user: str
    status: Status


class Reply(msgspec.Struct, frozen=True, tag="reply"):
    """The answer to the request with the same number."""

    seq: int
    result: AnyResult


class Failure(msgspec.Struct, frozen=True, tag="failure"):
    """The request with this number was not done; 0 is the hello. `exit_code` is what a command returns to the shell."""

    seq: int
    title: str
    hint: str = ""
    exit_code: int = 1


class Update(msgspec.Struct, frozen=True, tag="update"):
    """The newest state of whatever changed since the last update to this client. `gone` are ids that no longer exist.

    The first update after the welcome holds everything. `missed` counts events that were not sent because the client
    was too slow; `ReadEvents` has them.
    """

    devices: tuple[DeviceView, ...] = ()
    gone: tuple[str, ...] = ()
    installs: tuple[InstallView, ...] = ()
    events: tuple[Event, ...] = ()
    missed: int = 0
    status: Status | None = None
    rollout: RolloutView | None = None


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The engine ends; why, in words."""

    reason: str


FromClient = Hello | Request
FromEngine = Welcome | Reply | Failure | Update | Goodbye

_encoder = msgspec.json.Encoder(enc_hook=encode_secret)
_from_client: msgspec.json.Decoder[FromClient] = msgspec.json.Decoder(FromClient, dec_hook=decode_secret)
_from_engine: msgspec.json.Decoder[FromEngine] = msgspec.json.Decoder(FromEngine, dec_hook=decode_secret)


def encode_line(message: FromClient | FromEngine) -> bytes:
    """Return the message as one line, newline included."""
    return _encoder.encode(message) + b"\n"


def decode_from_client(line: bytes) -> FromClient:
    """Read a client's line. Raises `msgspec.DecodeError` for anything that is not exactly one of ours."""
    return _from_client.decode(line)


def decode_from_engine(line: bytes) -> FromEngine:
    """Read an engine's line. Raises `msgspec.DecodeError` for anything that is not exactly one of ours."""
    return _from_engine.decode(line)


def to_builtins(value: Any) -> Any:
    """Return a struct as plain dicts and lists, for `--json`; a secret stays one."""
    return msgspec.to_builtins(value, enc_hook=str)
