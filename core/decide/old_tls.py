"""Devices that speak only TLS of former times: with which of them that is spoken, and what to tell of it (rule R7)."""

from core.model.device import Attention, AttentionKind
from core.model.records import DeviceRecord, InstallRequest, Purpose


def may_fall_back(device: DeviceRecord, request: InstallRequest) -> bool:
    """Tell whether an onboarding may try older TLS with a device, as it was before, that refuses today's.

    That is on first contact, and with a device that is known for it. One whose certificate was stored over today's TLS
    is not asked for less: that it refuses may be somebody else's word. What is put in its place is another device.
    """
    if device.pin is None or device.weak_tls:
        return True
    return request.purpose is Purpose.REPLACE and request.expect != device.pin.fingerprint


def weak_tls(device: DeviceRecord) -> Attention | None:
    """Return what to tell of a device that older TLS is spoken with."""
    if not device.weak_tls:
        return None
    return Attention(
        AttentionKind.WEAK_TLS,
        f"Weak TLS: the device refuses today's ({device.tls})",
        "Who can listen or cut in on the way may break it. Update the device's firmware, or allow TLS 1.2 or newer in "
        "its settings: once it speaks that, nothing less is spoken with it any more.",
    )


def change_in_words(before: DeviceRecord, after: DeviceRecord) -> str:
    """Return what to write down where older TLS begins or ends to be spoken with a device, else nothing."""
    if before.weak_tls == after.weak_tls:
        return ""
    if after.weak_tls:
        return f"weak TLS: it refuses today's, older is spoken with it from now on ({after.tls})"
    return f"no weak TLS any more: it speaks {after.tls}, and nothing less is spoken with it from now on"
