"""Why something cannot be done with a device now, in words; nothing where it can. Pure."""

from core.model.device import CertificateField, Connection, DeviceView
from tui.keys import key_of

GONE = "Not possible while the engine is gone."
VIEWER = "A viewer may look, and change nothing."

_OF_THE_SITE = frozenset({"add", "add-address", "add-all", "rescan", "scan", "check"})
_CHANGE_SOMETHING = _OF_THE_SITE | {"remove", "cancel", "replace", "reissue", "preflight", "accept"}
_NEED_THE_ENGINE = _CHANGE_SOMETHING | {"save", "certificate"}
_NEED_A_STORED_ONE = frozenset({"save", "copy"})
_OF_A_DEVICE = _NEED_A_STORED_ONE | {"certificate", "details", "install", "remove", "replace", "reissue", "preflight"}


def why_not(verb: str, device: DeviceView | None, *, has_install: bool, is_up: bool, is_viewer: bool) -> str:
    """Return why the verb, named by the id of its binding, is not possible for the device at the cursor."""
    if not is_up and verb in _NEED_THE_ENGINE:
        return GONE
    if is_viewer and verb in _CHANGE_SOMETHING:
        return VIEWER
    if verb not in _OF_A_DEVICE:
        return ""
    return _why_not_it(verb, device, has_install=has_install) if device else "There is no device at the cursor."


def _why_not_it(verb: str, device: DeviceView, *, has_install: bool) -> str:
    match verb:
        case "save" | "copy" | "certificate":
            return _why_no_certificate(verb, device)
        case "remove" if device.connection is Connection.DISCOVERED:
            return f"{device.name} is not added; there is nothing to remove."
        case "install" if not has_install:
            return f"Nothing is being installed on {device.name}."
        case "replace":
            return _why_no_install(device)
        case "preflight" if device.connection is Connection.ADDING:
            return _why_no_install(device)
        case "reissue":
            return _why_no_install(device) or _why_no_reissue(device)
        case _:
            return ""


def _why_no_certificate(verb: str, device: DeviceView) -> str:
    if device.connection is Connection.DISCOVERED:
        return f"{device.name} is not added; no certificate is stored."
    if device.certificate_field is CertificateField.HTTP:
        return f"{device.name} is on plain HTTP; it has no certificate."
    has_one = device.fingerprint or (device.presented and verb == "certificate")
    return "" if has_one else f"No certificate is stored for {device.name}."


def _why_no_install(device: DeviceView) -> str:
    if device.connection is Connection.DISCOVERED:
        return f"{device.name} is not added yet; {key_of('add')} adds it."
    if device.connection is Connection.ADDING:
        return f"{device.name} is being worked on; wait until that is finished."
    return ""


def _why_no_reissue(device: DeviceView) -> str:
    if device.certificate_field is CertificateField.HTTP:
        return f"{device.name} is on plain HTTP; {key_of('replace')} Replace brings it to HTTPS."
    if device.connection is Connection.BLOCKED:
        return f"{device.name} is blocked; decide about its certificate first ({key_of('certificate')})."
    if device.connection is Connection.OFFLINE:
        return f"{device.name} does not answer; try again when it is back."
    return "" if device.fingerprint else f"No certificate is stored for {device.name}."
