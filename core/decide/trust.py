"""What follows for an added device from a look at it: online, offline or blocked. It never accepts anything."""

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple

import msgspec

from core.decide.addresses import Target, show_address
from core.model.device import Attention, AttentionKind, CertificateField, Connection, Origin
from core.model.records import DeviceRecord, Pin
from core.model.video import Video

MISSES_UNTIL_OFFLINE = 2
"""How many looks in a row must fail before a device counts as offline: one may be lost on any network."""

LONGEST_BACK_OFF = 4.0
"""How many periods at the most pass between two looks at a device that does not answer."""

BLOCKED_TEXT = "Error with device certificate"

_AWAY = (Connection.OFFLINE, Connection.BLOCKED)


class Answer(StrEnum):
    """What became of one look."""

    LEAF = "leaf"
    HTTP = "http"
    NOTHING = "nothing"
    TLS_FAILED = "tls failed"
    NOT_TLS = "not tls"


class Place(NamedTuple):
    """Where something answers."""

    host: str
    port: int

    def __str__(self) -> str:
        return show_address(self.host, self.port)


class Looked(msgspec.Struct, frozen=True):
    """The outcome of one look: the `leaf` seen by fingerprint, or why there is none (`reason`, in words).

    `tls` and `weak_tls` are as in a `DeviceRecord`.
    `place` is where it was, None for the device's own.
    """

    answer: Answer
    leaf: str = ""
    tls: str = ""
    weak_tls: bool = False
    reason: str = ""
    hint: str = ""
    place: Place | None = None


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


def home_of(device: DeviceRecord) -> Place:
    """Return the device's own place, which a device that has a pin always has."""
    return Place(device.host, device.port or 0)


def place_under_review(device: DeviceRecord) -> Place:
    """Return where the leaf is shown that a technician decides about: at home, or where it seems to have moved."""
    return Place(device.presented_host, device.presented_port or 0) if device.presented_host else home_of(device)


def presenting(device: DeviceRecord, leaf: str | None, place: Place | None = None) -> DeviceRecord:
    """Return the device showing another leaf than its pin, None for none; at `place`, None for its own."""
    host, port = place or ("", None)
    return msgspec.structs.replace(device, presented=leaf, presented_host=host, presented_port=port)


def trusting(device: DeviceRecord, pin: Pin) -> DeviceRecord:
    """Return the device with a pin that it shows now. What is known of its video holds for one certificate only."""
    is_same = device.pin is not None and device.pin.fingerprint == pin.fingerprint
    return msgspec.structs.replace(presenting(device, None), pin=pin, video=device.video if is_same else Video.UNKNOWN)


def moved(device: DeviceRecord, place: Place) -> DeviceRecord:
    """Return the device at another place, trusted as before. One that was called by its old address has a new name."""
    is_named = Target(device.host).is_name
    named = {} if is_named else {device.host: place.host, str(home_of(device)): str(place)}
    return msgspec.structs.replace(
        presenting(device, None), host=place.host, port=place.port, name=named.get(device.name, device.name)
    )


def judge_look(
    device: DeviceRecord, health: Health, looked: Looked, pinned: Collection[str] = frozenset()
) -> tuple[DeviceRecord, Health]:
    """Return device and health after a look. `pinned` are the leaves that other devices are pinned to.

    At its own place, another leaf than the pin blocks at once; the pin's own leaf unblocks. HTTPS that is gone is
    offline, whatever answers on HTTP (rule R13). A blocked device stays blocked while it does not answer, and how often
    it did not is counted.

    At another place, which somebody says is the device's, nothing counts while the device is online (rule R29). Else
    its pin's own leaf moves it there, unless another device has that pin, too; a leaf that nobody is pinned to blocks
    it, unless its own place does so already.
    """
    if looked.place is not None:
        return _judge_elsewhere(device, health, looked, looked.place, pinned)
    if device.scheme == "http":
        return device, _reached(looked.answer is Answer.HTTP, health, looked)
    if looked.answer is not Answer.LEAF or device.pin is None:
        return device, _still_blocked(device, health, looked) if device.presented else _reached(False, health, looked)
    shown = None if looked.leaf == device.pin.fingerprint else looked.leaf
    after = msgspec.structs.replace(presenting(device, shown), tls=looked.tls, weak_tls=looked.weak_tls)
    return after, _blocked(after) if shown else Health(Connection.ONLINE)


def is_away(device: DeviceRecord, health: Health) -> bool:
    """Tell whether a device that can be known again does not show its pin where it should be."""
    return device.pin is not None and device.scheme == "https" and health.connection in _AWAY


def next_look(period: float, misses: int) -> float:
    """Return after how many seconds to look again: later and later at a device that does not answer, up to a bound."""
    return period * min(2.0 ** max(0, misses - MISSES_UNTIL_OFFLINE), LONGEST_BACK_OFF)


def first_health(device: DeviceRecord) -> Health:
    """Return what is known of a device's connection before the first look of this run."""
    return _blocked(device) if device.presented else Health(Connection.OFFLINE, misses=MISSES_UNTIL_OFFLINE)


def after_install(device: DeviceRecord) -> Health:
    """Return what is known of the connection when an onboarding just ended."""
    if device.presented:
        return _blocked(device)
    reached = device.scheme == "http" or device.pin is not None
    return Health(Connection.ONLINE) if reached else Health(Connection.OFFLINE, misses=MISSES_UNTIL_OFFLINE)


def not_there(problem: Attention) -> Health:
    """Return what is known of the connection while an install waits for the device to come back."""
    return Health(Connection.OFFLINE, MISSES_UNTIL_OFFLINE, problem)


def _judge_elsewhere(
    device: DeviceRecord, health: Health, looked: Looked, place: Place, pinned: Collection[str]
) -> tuple[DeviceRecord, Health]:
    if device.pin is None or looked.answer is not Answer.LEAF or looked.leaf in pinned or not is_away(device, health):
        return device, health
    if looked.leaf == device.pin.fingerprint:
        after = msgspec.structs.replace(moved(device, place), tls=looked.tls, weak_tls=looked.weak_tls)
        return after, Health(Connection.ONLINE)
    if device.presented and not device.presented_host:
        return device, health
    after = presenting(device, looked.leaf, place)
    return after, _blocked(after)


def _blocked(device: DeviceRecord) -> Health:
    shows = "The device shows another certificate than the stored one"
    if device.presented_host:
        shows = f"What claims to be the device, at {place_under_review(device)}, shows another certificate"
    return Health(
        Connection.BLOCKED,
        problem=Attention(
            AttentionKind.REVIEW_CHANGE,
            BLOCKED_TEXT,
            f"{shows} and is blocked: nothing is sent to it. Compare both before you trust it again.",
        ),
    )


def _still_blocked(device: DeviceRecord, health: Health, looked: Looked) -> Health:
    """That nothing answers at its own place says little of a device that seems to have moved."""
    is_silent = looked.answer is Answer.NOTHING and not device.presented_host
    return msgspec.structs.replace(_blocked(device), misses=health.misses + 1 if is_silent else 0)


def _reached(answered: bool, health: Health, looked: Looked) -> Health:
    if answered:
        return Health(Connection.ONLINE)
    misses = health.misses + 1
    if misses < MISSES_UNTIL_OFFLINE and health.connection is Connection.ONLINE:
        return Health(Connection.ONLINE, misses)
    kind = AttentionKind.TLS_FAILED if looked.answer is Answer.TLS_FAILED else AttentionKind.UNREACHABLE
    return Health(Connection.OFFLINE, misses, Attention(kind, looked.reason, looked.hint))
