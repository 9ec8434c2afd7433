"""A device in the words of the design: certificate field, connection, attention."""

from enum import StrEnum

import msgspec

from core.model.sighting import Kind
from core.model.video import Video


class CertificateField(StrEnum):
    """How the gateway is connected to a device, in exactly the words that the user reads."""

    HTTP = "HTTP"
    ARCULES = "HTTPS (Arcules)"
    DEVICE = "HTTPS (Device)"


class Connection(StrEnum):
    """Where a device stands. `BLOCKED` is shown as "Error with device certificate" and counts as offline."""

    DISCOVERED = "discovered"
    ADDING = "adding"
    ONLINE = "online"
    OFFLINE = "offline"
    BLOCKED = "blocked"


class Origin(StrEnum):
    """Where a pinned certificate comes from; shown beside the certificate field."""

    ISSUED = "issued"
    ACCEPTED = "accepted"
    DEVICE = "device"


class AttentionKind(StrEnum):
    """What a person has to look at, worst first."""

    REVIEW_CHANGE = "review_change"
    UNEXPECTED_LEAF = "unexpected_leaf"
    TLS_FAILED = "tls_failed"
    INSTALL_FAILED = "install_failed"
    LOGIN_REFUSED = "login_refused"
    LOGIN_NEEDED = "login_needed"
    SAME_CERTIFICATE = "same_certificate"
    REVIEW_LEAF = "review_leaf"
    HTTPS_OFF = "https_off"
    UNREACHABLE = "unreachable"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    WEAK_TLS = "weak_tls"
    CLEAN_UP = "clean_up"


class Attention(msgspec.Struct, frozen=True):
    """One thing that a person has to do: a line to read and what to do about it."""

    kind: AttentionKind
    text: str
    hint: str = ""


class StepState(StrEnum):
    """How far one step of an install is."""

    WAITING = "waiting"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class StepView(msgspec.Struct, frozen=True):
    """One line of the install screen. `seconds` is the time spent in it so far; `usual` what it usually takes."""

    number: int
    title: str
    state: StepState
    detail: str = ""
    seconds: float | None = None
    usual: float | None = None


class InstallView(msgspec.Struct, frozen=True):
    """The progress of one onboarding. `step` is the number of the step under way, or the last one.

    `doing` is what it is called while it goes on: adding, replacing or re-issuing; `by` is who asked for it. From step
    `binding_from` on it is carried to its end, None where that is so already.
    """

    device: str
    step: int
    steps: tuple[StepView, ...]
    seconds: float
    finished: bool = False
    outcome: str = ""
    hint: str = ""
    cancellable: bool = True
    doing: str = "adding"
    binding_from: int | None = None
    by: str = ""


class CertificateView(msgspec.Struct, frozen=True):
    """What can be shown of a certificate. Texts are cleaned; dates are ISO 8601 in UTC; fingerprints lower-case hex.

    Where the certificate cannot be parsed, `readable` is false and only fingerprint and size are certain (rule R36).
    """

    fingerprint: str
    size: int
    readable: bool = True
    subject: str = ""
    issuer: str = ""
    self_signed: bool = False
    serial: str = ""
    not_before: str = ""
    not_after: str = ""
    key: str = ""
    key_fingerprint: str = ""
    signature: str = ""
    names: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class DeviceView(msgspec.Struct, frozen=True):
    """One row: a device as every client sees it, also the object that `list --json` and `show --json` print.

    `presented` is the fingerprint of another leaf than the stored one, `change` why it probably differs, in words, and
    `presented_at` where it was seen, if that is not the device's own address. `silent` tells that a blocked device does
    not answer at present either. `addresses` are all that discovery knows.
    """

    id: str
    name: str
    address: str
    connection: Connection
    certificate_field: CertificateField | None = None
    attention: str | None = None
    attention_kind: AttentionKind | None = None
    attention_hint: str = ""
    fingerprint: str | None = None
    not_after: str | None = None
    issuer: str | None = None
    origin: Origin | None = None
    video: Video | None = None
    model: str | None = None
    manufacturer: str | None = None
    firmware: str | None = None
    serial: str | None = None
    host: str = ""
    port: int | None = None
    step: int | None = None
    steps: int | None = None
    last_check: str | None = None
    since: str | None = None
    tls: str | None = None
    found_by: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    kind: Kind = Kind.UNKNOWN
    presented: str | None = None
    presented_at: str | None = None
    change: str | None = None
    silent: bool = False
