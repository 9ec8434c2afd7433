"""How a camera gets another certificate past its services: on its own web page, or by itself."""

from collections.abc import Callable

from core.simulator import self_made, signing, site_authority
from core.simulator.contents import FACTORY
from core.simulator.device import Device
from core.simulator.settings import CameraSettings, Change

_NEEDS_KEY = frozenset(("new_certificate", "install_own"))
_SELF_SIGNED = "self-signed"
_RENEWED = "renewed"
_OWN = "site CA"


class Impossible(ValueError):  # noqa: N818 - a fact about the camera
    """What cannot be done with this camera now; the text says why."""


def new_key(change: Change, settings: CameraSettings) -> bytes:
    """Return the key that a change needs, empty where it needs none. Takes up to seconds of computing."""
    return signing.make_key(settings.factory_key) if change in _NEEDS_KEY else b""


def carry_out(change: Change, device: Device, private: bytes) -> None:
    """Change which certificate is assigned. Raises `OnvifFault` without room for it, `Impossible` where it is gone."""
    _CHANGES[change](device, private)


def _new(device: Device, private: bytes) -> None:
    _add(device, _SELF_SIGNED, private, self_made.certificate(device.settings, private, device.clock.now()))


def _renew(device: Device, _: bytes) -> None:
    contents, path = device.keystore.contents, device.presented()
    if path is None:
        raise Impossible("No certificate is in use")
    key = contents.keys[contents.certificates[path.certificates[0]].key]
    assert key.private is not None, "only paths with a private key are assigned"
    device.keystore.need_room(key=False)
    der = self_made.certificate(device.settings, key.private, device.clock.now())
    self_made.assign(contents, _RENEWED, self_made.add_certificate(contents, _RENEWED, key.id, der))


def _factory(device: Device, _: bytes) -> None:
    contents = device.keystore.contents
    path = next((path for path in contents.paths.values() if path.alias == FACTORY), None)
    if path is None:
        raise Impossible("The certificate that it came with was deleted")
    contents.assigned = [path.id]


def _install_own(device: Device, private: bytes) -> None:
    settings = device.settings
    name = f"{settings.model}-{settings.serial}"
    _add(device, _OWN, private, site_authority.issue(private, name, settings.host))


def _add(device: Device, alias: str, private: bytes, der: bytes) -> None:
    contents = device.keystore.contents
    device.keystore.need_room(key=True)
    self_made.assign(contents, alias, self_made.add(contents, alias, private, der))


_CHANGES: dict[Change, Callable[[Device, bytes], None]] = {
    "new_certificate": _new,
    "renew_certificate": _renew,
    "factory_certificate": _factory,
    "install_own": _install_own,
}
