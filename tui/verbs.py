"""Why something cannot be done with a device now, in words; nothing where it can. Pure."""

from core.model.device import CertificateField, Connection, DeviceView

_NEED_THE_ENGINE = frozenset({"add", "add-address", "remove", "rescan", "save", "certificate", "cancel"})
_CHANGE_SOMETHING = frozenset({"add", "add-address", "remove", "rescan", "cancel"})
_NEED_A_CERTIFICATE = frozenset({"save", "copy", "certificate"})


def why_not(verb: str, device: DeviceView | None, *, has_install: bool, is_up: bool, is_viewer: bool) -> str:
    """Return why the verb, named by the id of its binding, is not possible for the device at the cursor."""
    if not is_up and verb in _NEED_THE_ENGINE:
        return "Not possible while the engine is gone."
    if is_viewer and verb in _CHANGE_SOMETHING:
        return "A viewer may look, and change nothing."
    if verb in ("add", "add-address", "rescan"):
        return ""
    if device is None:
        return (
            "There is no device at the cursor."
            if verb in _NEED_A_CERTIFICATE | {"details", "install", "remove"}
            else ""
        )
    if verb in _NEED_A_CERTIFICATE:
        return _why_no_certificate(device)
    if verb == "remove" and device.connection is Connection.DISCOVERED:
        return f"{device.name} is not added; there is nothing to remove."
    if verb == "install" and not has_install:
        return f"Nothing is being installed on {device.name}."
    return ""


def _why_no_certificate(device: DeviceView) -> str:
    if device.connection is Connection.DISCOVERED:
        return f"{device.name} is not added; no certificate is stored."
    if device.certificate_field is CertificateField.HTTP:
        return f"{device.name} is on plain HTTP; it has no certificate."
    return "" if device.fingerprint else f"No certificate is stored for {device.name}."
