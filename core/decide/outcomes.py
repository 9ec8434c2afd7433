"""How an install ended, by what the store keeps of it: so it is told the same after a restart."""

from typing import NamedTuple

from core.decide.recovery import Past, in_doubt
from core.decide.trust import certificate_field
from core.model.device import Attention, AttentionKind, CertificateField, Origin
from core.model.records import DeviceRecord, InstallRecord
from core.model.rollout import MemberState, Trouble

CANCELLED = "cancelled by "
"""How the outcome of an install that was cancelled goes on, after what the device has."""

NOTHING_CHANGED = "Nothing was changed: "
"""How the outcome begins where a device that was added before was not reached."""

_TROUBLES = {
    AttentionKind.REVIEW_CHANGE: Trouble.BLOCKED,
    AttentionKind.UNEXPECTED_LEAF: Trouble.FAILED,
    AttentionKind.TLS_FAILED: Trouble.FAILED,
    AttentionKind.INSTALL_FAILED: Trouble.FAILED,
    AttentionKind.LOGIN_REFUSED: Trouble.LOGIN_REFUSED,
    AttentionKind.LOGIN_NEEDED: Trouble.LOGIN_NEEDED,
    AttentionKind.HTTPS_OFF: Trouble.FAILED,
    AttentionKind.UNREACHABLE: Trouble.UNREACHABLE,
}


class Outcome(NamedTuple):
    """What became of one device. `reason` and `hint` are in words, `trouble` is set where it failed."""

    state: MemberState
    reason: str = ""
    hint: str = ""
    trouble: Trouble | None = None
    certificate: CertificateField | None = None


def outcome_of(device: DeviceRecord, install: InstallRecord, past: Past) -> Outcome | None:
    """Return how an install has ended, None while it is not known.

    It succeeded where the device has the certificate that was made for it, and where it cannot take one and is reached
    over HTTPS by its own. `past` is what the journal tells of the install.
    """
    field = certificate_field(device.scheme, device.pin.origin if device.pin else None)
    if in_doubt(install, device.pin):
        return None
    if device.presented:
        reason = "It shows another certificate than the stored one"
        hint = "Nothing is sent to it. Compare both: camtrust review."
        return Outcome(MemberState.FAILED, reason, hint, Trouble.BLOCKED, field)
    if device.pin is not None and device.pin.origin is Origin.ISSUED and device.pin.fingerprint == install.candidate:
        return Outcome(MemberState.SUCCEEDED, certificate=field)
    trouble, reason, hint = _why(device, install, past)
    if trouble is None:
        return Outcome(MemberState.SUCCEEDED, _without_field(install.outcome, field), certificate=field)
    return Outcome(MemberState.FAILED, reason, hint, trouble, field)


def _why(device: DeviceRecord, install: InstallRecord, past: Past) -> tuple[Trouble | None, str, str]:
    if CANCELLED in install.outcome:
        return Trouble.CANCELLED, _from(install.outcome, CANCELLED), ""
    if past.refusal is not None and not past.unsent:
        return Trouble.LOGIN_REFUSED, *past.refusal
    told = next((attention for attention in device.attention if attention.kind in _TROUBLES), None)
    if install.outcome.startswith(NOTHING_CHANGED):
        # What is told of the device is from before.
        trouble = Trouble.LOGIN_NEEDED if past.unsent else Trouble.UNREACHABLE
        return trouble, install.outcome.removeprefix(NOTHING_CHANGED).rstrip("."), ""
    if told is not None:
        return _TROUBLES[told.kind], *_words(told)
    if past.refusal is not None:
        return Trouble.LOGIN_NEEDED, *past.refusal
    if device.scheme == "https" and device.pin is not None:
        return None, "", ""
    return Trouble.FAILED, "It answers only over plain HTTP", "Enable HTTPS on the camera's own page, then try again."


def _words(attention: Attention) -> tuple[str, str]:
    return attention.text, attention.hint


def _from(outcome: str, start: str) -> str:
    return outcome[outcome.index(start) :].rstrip(".")


def _without_field(outcome: str, field: CertificateField | None) -> str:
    told = outcome.removeprefix(f"{field}: ").rstrip(".")
    return told[:1].upper() + told[1:]
