"""What the store keeps. Times are ISO 8601 in UTC; fingerprints lower-case hex SHA-256 over the raw certificate."""

from enum import StrEnum

import msgspec

from core.model.device import Attention, Origin
from core.model.secret import Secret
from core.model.video import Video


class Login(msgspec.Struct, frozen=True):
    """A user name and password of a device."""

    user: str
    password: Secret


class Pin(msgspec.Struct, frozen=True):
    """The certificate that the gateway expects. `by` is a Unix user name or `camtrust`, `reason` what they gave."""

    fingerprint: str
    origin: Origin
    at: str
    by: str
    reason: str = ""


class DeviceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An added device. `scheme` is `https`, `http` or, while nothing ever answered, empty; then `port` may be None.

    `tls` is such as `TLS 1.3`, of the last look; with `weak_tls` the device refuses today's TLS, and older is spoken
    with it.

    `presented` is the fingerprint of another leaf than the pin that was seen last: the device is blocked by it. It was
    seen at `presented_host` and `presented_port`, where those are not the device's own: it seems to have moved there.
    """

    id: str
    name: str
    host: str
    port: int | None = None
    scheme: str = ""
    path: str = ""
    endpoint: str = ""
    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""
    mac: str = ""
    tls: str = ""
    weak_tls: bool = False
    pin: Pin | None = None
    presented: str | None = None
    presented_host: str = ""
    presented_port: int | None = None
    video: Video = Video.UNKNOWN
    attention: tuple[Attention, ...] = ()
    added_at: str
    added_by: str


class Purpose(StrEnum):
    """What an install is for: a device is added, replaced by new hardware or moved to HTTPS, or gets a new key."""

    ADD = "add"
    REPLACE = "replace"
    REISSUE = "reissue"


class InstallRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a technician asked for, kept so that an interrupted install can be taken up again.

    `enable_https`: where HTTPS is switched off on the device, log in over plain HTTP and switch it on.
    """

    address: str
    by: str
    purpose: Purpose = Purpose.ADD
    allow_http_login: bool = False
    enable_https: bool = False
    expect: str | None = None
    patience: float | None = None


class InstallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One onboarding of one device. `id` is part of the alias of everything that it makes on the device.

    `old` is the leaf that the session was bound to before ours was assigned, `candidate` the certificate that was
    signed for it. `attempt` counts how often an interrupted one was begun anew.
    """

    id: str
    device: str
    request: InstallRequest
    started_at: str
    attempt: int = 1
    old: str | None = None
    candidate: str | None = None
    closed: bool = False
    outcome: str = ""


class JournalEntry(msgspec.Struct, frozen=True):
    """One line of the journal: `phase` is `begin` before a step is sent, `done` or `failed` after its outcome.

    `data` holds what undoing needs: object ids, and nothing secret.
    """

    install: str
    step: str
    phase: str
    at: str
    data: dict[str, str] = {}
