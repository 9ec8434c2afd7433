"""How an onboarding can end, and what is then stored and said. Adding never fails: each of these is an added device."""

import dataclasses
from dataclasses import dataclass

import msgspec

from core.decide.outcomes import CANCELLED, NOTHING_CHANGED
from core.decide.trust import certificate_field, presenting, trusting
from core.engine.clock import stamp
from core.engine.services import OURSELVES
from core.model.device import Attention, AttentionKind, Origin
from core.model.errors import (
    DeviceError,
    LoginNeededError,
    LoginRefusedError,
    NotReachedError,
    TlsFailedError,
    UnexpectedLeafError,
    UnsupportedError,
    WrongLeafError,
)
from core.model.records import DeviceRecord, Pin
from core.model.video import Video

REVIEW = Attention(
    AttentionKind.REVIEW_LEAF,
    "The device's own certificate, not accepted yet",
    "Compare its fingerprint with the one that the camera shows on its own page.",
)

LEFT_BEHIND = Attention(
    AttentionKind.CLEAN_UP,
    "A key or certificate of ours may be left on the camera",
    "The next install clears it away. It can also be deleted in the camera's own settings.",
)

TRY_AGAIN = "Add or replace it again to try anew."


@dataclass(frozen=True, slots=True)
class Ending:
    """`device` as it is to be stored; `outcome` and `hint` for the install screen, `event`, `told` for the history.

    `is_reached` is whether the device was there at the end.
    """

    device: DeviceRecord
    event: str
    told: str
    outcome: str
    hint: str = ""
    is_reached: bool = True


def installed(device: DeviceRecord, fingerprint: str, by: str, notes: tuple[Attention, ...] = ()) -> Ending:
    """The device serves the certificate that was made for it."""
    device = _with_video_due(_pinned(device, fingerprint, Origin.ISSUED, by, notes))
    outcome = "HTTPS (Arcules): the camera serves the certificate made for it."
    return Ending(device, "installed", "certificate installed", outcome)


def kept_own(device: DeviceRecord, fingerprint: str, reason: DeviceError | None, what: str) -> Ending:
    """The device keeps its own certificate, which is pinned; `what` says why, `reason` is the error if there was one.

    A device that cannot do something is no failure. A certificate that was issued or accepted before stays so.
    """
    failed = reason is not None and not isinstance(reason, UnsupportedError)
    notes = (_attention(reason, AttentionKind.INSTALL_FAILED),) if reason and failed else ()
    hint = reason.hint if reason else REVIEW.hint
    if device.pin is not None and device.pin.fingerprint == fingerprint:
        trusted = device.pin.origin is not Origin.DEVICE
        device = msgspec.structs.replace(presenting(device, None), attention=notes if trusted else (*notes, REVIEW))
    else:
        device = _pinned(device, fingerprint, Origin.DEVICE, OURSELVES, (*notes, REVIEW))
    if not failed and not what.startswith(CANCELLED):
        device = _with_video_due(device)
    field = certificate_field(device.scheme, device.pin.origin if device.pin else None)
    return Ending(device, "kept", f"keeps its own certificate: {what}", f"{field}: {what}.", hint)


def over_http(device: DeviceRecord, note: DeviceError | None) -> Ending:
    """The device is reached over plain HTTP."""
    notes = (_attention(note, AttentionKind.INSTALL_FAILED),) if note else ()
    device = msgspec.structs.replace(presenting(device, None), pin=None, video=Video.UNKNOWN, attention=notes)
    device = msgspec.structs.replace(device, tls="", weak_tls=False)
    return Ending(device, "http", "reached over plain HTTP", "HTTP: not encrypted.", note.hint if note else "")


def not_reached(device: DeviceRecord, reason: DeviceError) -> Ending:
    """Nothing usable answered: no certificate is stored, and it is tried again while the device is offline."""
    device = msgspec.structs.replace(device, attention=(_attention(reason, AttentionKind.INSTALL_FAILED),))
    outcome = f"Added without a certificate: {reason.title}."
    told = f"no certificate stored: {reason.title}"
    return Ending(device, _NOT_REACHED, told, outcome, reason.hint, is_reached=False)


def left_as_it_was(device: DeviceRecord, reason: DeviceError) -> Ending:
    """A device that was added before is not touched: its certificate, or its plain HTTP, stays what it was."""
    outcome = f"{NOTHING_CHANGED}{reason.title}."
    told = f"left as it was: {reason.title}"
    return Ending(device, "not replaced", told, outcome, reason.hint, is_reached=False)


def blocked(device: DeviceRecord, old: str, presented: str) -> Ending:
    """The device shows a certificate that nobody expects: `old` is pinned, and nothing is sent any more."""
    if device.pin is None:
        device = _pinned(device, old, Origin.DEVICE, OURSELVES, (REVIEW,))
    return Ending(
        presenting(device, presented),
        "blocked",
        "blocked: it shows another certificate than its former one and ours",
        "Error with device certificate: the camera shows one that is neither its former one nor ours.",
        "Nothing more is sent to it. Compare the certificates before you trust it again.",
    )


def with_note(ending: Ending, note: Attention) -> Ending:
    """Return the ending with one thing more that a person has to know."""
    return dataclasses.replace(ending, device=with_attention(ending.device, note))


def with_attention(device: DeviceRecord, note: Attention) -> DeviceRecord:
    """Return the device with one thing more that a person has to know."""
    return msgspec.structs.replace(device, attention=(*device.attention, note))


def is_known(ending: Ending, before: DeviceRecord) -> bool:
    """Tell whether the ending says of a device that is tried again and again only what was said `before`."""
    return ending.event == _NOT_REACHED and ending.device.attention == before.attention


def unsettled(error: DeviceError) -> Attention:
    """What to tell while it is not known how an install ends."""
    return Attention(
        AttentionKind.INSTALL_FAILED,
        f"The install is not finished: {error.title}",
        "It is taken up again when the camera answers. Do not change its settings until then.",
    )


def _pinned(
    device: DeviceRecord, fingerprint: str, origin: Origin, by: str, notes: tuple[Attention, ...]
) -> DeviceRecord:
    pin = Pin(fingerprint=fingerprint, origin=origin, at=stamp(), by=by)
    return msgspec.structs.replace(trusting(device, pin), attention=notes)


def _with_video_due(device: DeviceRecord) -> DeviceRecord:
    """A device whose onboarding went well is asked for its streams when there is time."""
    return msgspec.structs.replace(device, video=Video.DUE)


def _attention(error: DeviceError, otherwise: AttentionKind = AttentionKind.UNREACHABLE) -> Attention:
    kind = next((kind for class_, kind in _KINDS if isinstance(error, class_)), otherwise)
    return Attention(kind, error.title, error.hint)


_NOT_REACHED = "not reached"
# The first that fits: a needed login is a kind of refused one.
_KINDS = (
    (NotReachedError, AttentionKind.UNREACHABLE),
    (LoginNeededError, AttentionKind.LOGIN_NEEDED),
    (LoginRefusedError, AttentionKind.LOGIN_REFUSED),
    (UnexpectedLeafError, AttentionKind.UNEXPECTED_LEAF),
    (WrongLeafError, AttentionKind.UNEXPECTED_LEAF),
    (TlsFailedError, AttentionKind.TLS_FAILED),
)
