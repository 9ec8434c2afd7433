"""What a camera does when it is switched on, before it answers: look at its flash memory, and see to a certificate."""

from datetime import datetime

from core.simulator import signing
from core.simulator.contents import FACTORY, Certificate, Contents, Key, KeyStatus, Path
from core.simulator.device import Flash, Protocol
from core.simulator.settings import CameraSettings


def boot(settings: CameraSettings, flash: Flash | None, ports: dict[str, int], now: datetime) -> Flash:
    """Return the state to start with. `ports` are those of a camera that has no flash yet. Computes keys."""
    if flash is None:
        flash = Flash(_new_contents(settings, now), _protocols(settings, ports))
    contents = flash.contents
    # An assignment that was not kept may name a path that is gone.
    contents.assigned = [path for path in contents.assigned if path in contents.paths]
    if _needs_certificate(settings, flash):
        _discard_factory(contents)
        contents.assigned = [_add_factory(settings, contents, now)]
    return flash


def _needs_certificate(settings: CameraSettings, flash: Flash) -> bool:
    https = flash.protocols.get("HTTPS")
    is_new = not flash.contents.made or settings.quirks.new_certificate_at_boot
    return https is not None and (is_new or (https.enabled and not flash.contents.assigned))


def _protocols(settings: CameraSettings, ports: dict[str, int]) -> dict[str, Protocol]:
    enabled = {"HTTP": True, "HTTPS": settings.https_enabled}
    return {name: Protocol(enabled[name], port) for name, port in ports.items()}


def _new_contents(settings: CameraSettings, now: datetime) -> Contents:
    contents = Contents()
    for number in range(settings.keystore.filled if settings.keystore else 0):
        _add(contents, "EC secp256r1", f"vpn-{number + 1}", settings, now)
    return contents


def _add_factory(settings: CameraSettings, contents: Contents, now: datetime) -> str:
    certificate = _add(contents, settings.factory_key, FACTORY, settings, now)
    path = Path(contents.new_id("path"), FACTORY, (certificate.id,))
    contents.paths[path.id] = path
    return path.id


def _add(contents: Contents, kind: str, alias: str, settings: CameraSettings, now: datetime) -> Certificate:
    private = signing.make_key(kind)
    key = Key(contents.new_id("key"), alias, KeyStatus.OK, kind, private, signing.public_part(private))
    der = signing.factory_certificate(private, settings.maker, settings.model, settings.serial, now)
    certificate = Certificate(contents.new_id("certificate"), key.id, alias, der)
    contents.keys[key.id] = key
    contents.certificates[certificate.id] = certificate
    return certificate


def _discard_factory(contents: Contents) -> None:
    for path in [path for path in contents.paths.values() if path.alias == FACTORY]:
        del contents.paths[path.id]
        certificate = contents.certificates.pop(path.certificates[0])
        del contents.keys[certificate.key]
