"""What follows for an added device from a look at it: online, offline or blocked. It never accepts anything."""

from enum import StrEnum

import msgspec

from core.model.device import Attention, AttentionKind, CertificateField, Connection, Origin
from core.model.records import DeviceRecord

MISSES_UNTIL_OFFLINE = 2
"""How many looks in a row must fail before a device counts as offline: one may be lost on any network."""

LONGEST_BACK_OFF = 4.0
"""How many periods at the most pass between two looks at a device that does not answer."""

BLOCKED_TEXT = "Error with device certificate"


class Answer(StrEnum):
    """What became of one look."""

    LEAF = "leaf"
    HTTP = "http"
    NOTHING = "nothing"
    TLS_FAILED = "tls failed"
    NOT_TLS = "not tls"


class Looked(msgspec.Struct, frozen=True):
    """The outcome of one look: the `leaf` seen by fingerprint, or why there is none (`reason`, in words)."""

    answer: Answer
    leaf: str = ""
    tls: str = ""
    reason: str = ""
    hint: str = ""


class Health(msgspec.Struct, frozen=True):
    """What is known of an added device's connection. `misses` counts looks in a row that failed."""

    connection: Connection
    misses: int = 0
    problem: Attention | None = None


def certificate_field(scheme: str, origin: Origin | None) -> CertificateField | None:
    """Return the certificate field in the user's words, None while no certificate is stored."""
    if scheme == "http":
        return CertificateField.HTTP
    if origin is None:
        return None
    return CertificateField.DEVICE if origin is Origin.DEVICE else CertificateField.ARCULES


def judge_look(device: DeviceRecord, health: Health, looked: Looked) -> tuple[DeviceRecord, Health]:
    """Return device and health after a look.

    Another leaf than the pin blocks at once; the pin's own leaf unblocks. HTTPS that is gone is offline, whatever
    answers on HTTP (rule R13). A blocked device stays blocked while it does not answer.
    """
    if device.scheme == "http":
        return device, _reached(looked.answer is Answer.HTTP, health, looked)
    if looked.answer is not Answer.LEAF or device.pin is None:
        return device, _blocked() if device.presented else _reached(False, health, looked)
    if looked.leaf == device.pin.fingerprint:
        return msgspec.structs.replace(device, presented=None, tls=looked.tls), Health(Connection.ONLINE)
    return msgspec.structs.replace(device, presented=looked.leaf, tls=looked.tls), _blocked()


def next_look(period: float, misses: int) -> float:
    """Return after how many seconds to look again: later and later at a device that does not answer, up to a bound."""
    return period * min(2.0 ** max(0, misses - MISSES_UNTIL_OFFLINE), LONGEST_BACK_OFF)


def first_health(device: DeviceRecord) -> Health:
    """Return what is known of a device's connection before the first look of this run."""
    return _blocked() if device.presented else Health(Connection.OFFLINE, misses=MISSES_UNTIL_OFFLINE)


def after_install(device: DeviceRecord) -> Health:
    """Return what is known of the connection when an onboarding just ended."""
    if device.presented:
        return _blocked()
    reached = device.scheme == "http" or device.pin is not None
    return Health(Connection.ONLINE) if reached else Health(Connection.OFFLINE, misses=MISSES_UNTIL_OFFLINE)


def not_there(problem: Attention) -> Health:
    """Return what is known of the connection while an install waits for the device to come back."""
    return Health(Connection.OFFLINE, MISSES_UNTIL_OFFLINE, problem)


def _blocked() -> Health:
    return Health(
        Connection.BLOCKED,
        problem=Attention(
            AttentionKind.REVIEW_CHANGE,
            BLOCKED_TEXT,
            "The device shows another certificate than the stored one and is blocked: nothing is sent to it. "
            "Compare both before you trust it again.",
        ),
    )


def _reached(answered: bool, health: Health, looked: Looked) -> Health:
    if answered:
        return Health(Connection.ONLINE)
    misses = health.misses + 1
    if misses < MISSES_UNTIL_OFFLINE and health.connection is Connection.ONLINE:
        return Health(Connection.ONLINE, misses)
    kind = AttentionKind.TLS_FAILED if looked.answer is Answer.TLS_FAILED else AttentionKind.UNREACHABLE
    return Health(Connection.OFFLINE, misses, Attention(kind, looked.reason, looked.hint))
