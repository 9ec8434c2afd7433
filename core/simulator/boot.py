"""What a camera does when it is switched on, before it answers: look at its flash memory, and see to a certificate."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

from core.simulator import signing
from core.simulator.contents import FACTORY, Certificate, Contents, Key, KeyStatus, Path
from core.simulator.device import Flash, Protocol
from core.simulator.faults import OnvifFault
from core.simulator.keystore import Keystore
from core.simulator.settings import CameraSettings, KeystoreSettings

_MADE = datetime(2025, 3, 1, tzinfo=UTC)


def boot(settings: CameraSettings, flash: Flash | None, ports: dict[str, int], now: datetime) -> Flash:
    """Return the state to start with. `ports` are those of a camera that has no flash yet. Computes keys."""
    is_new = flash is None
    if flash is None:
        flash = Flash(_new_contents(settings, now), _protocols(settings, ports))
    contents, https = flash.contents, flash.protocols.get("HTTPS")
    # An assignment that was not kept may name a path that is gone.
    contents.assigned = [path for path in contents.assigned if path in contents.paths]
    is_missing = https is not None and https.enabled and not contents.assigned
    if https is not None and (is_new or is_missing or settings.quirks.new_certificate_at_boot):
        contents.assigned = []
        _discard_factory(contents)
        contents.assigned = [_add_factory(settings, contents, now)]
    return flash


def _protocols(settings: CameraSettings, ports: dict[str, int]) -> dict[str, Protocol]:
    enabled = {"HTTP": True, "HTTPS": settings.https_enabled}
    return {name: Protocol(enabled[name], port) for name, port in ports.items()}


def _new_contents(settings: CameraSettings, now: datetime) -> Contents:
    contents = Contents()
    for number in range(settings.keystore.filled if settings.keystore else 0):
        _add(
            contents, f"vpn-{number + 1}", *_made("EC secp256r1", settings.maker, settings.model, settings.serial, now)
        )
    return contents


def _add_factory(settings: CameraSettings, contents: Contents, now: datetime) -> str:
    kind, maker, model = settings.factory_key, settings.maker, settings.model
    if settings.batch:
        made = _of_batch(kind, maker, model, settings.batch)
    else:
        made = _made(kind, maker, model, settings.serial, now)
    path = Path(contents.new_id("path"), FACTORY, (_add(contents, FACTORY, *made),))
    contents.paths[path.id] = path
    return path.id


def _made(kind: str, maker: str, model: str, serial: str, now: datetime) -> tuple[bytes, bytes]:
    private = signing.make_key(kind)
    return private, signing.factory_certificate(private, maker, model, serial, now)


@cache
def _of_batch(kind: str, maker: str, model: str, batch: str) -> tuple[bytes, bytes]:
    return _made(kind, maker, model, batch, _MADE)


def _add(contents: Contents, alias: str, private: bytes, der: bytes) -> str:
    """Put a key and its certificate there, whatever the limits are; return the certificate's id."""
    key = Key(contents.new_id("key"), alias, KeyStatus.OK, "", private, signing.public_part(private))
    certificate = Certificate(contents.new_id("certificate"), key.id, alias, der)
    contents.keys[key.id] = key
    contents.certificates[certificate.id] = certificate
    return certificate.id


def _discard_factory(contents: Contents) -> None:
    keystore = Keystore(KeystoreSettings(), contents)
    for path in [path for path in contents.paths.values() if path.alias == FACTORY]:
        certificate = contents.certificates[path.certificates[0]]
        # What a client has put to use stays.
        with suppress(OnvifFault):
            keystore.delete_path(path.id)
            keystore.delete_certificate(certificate.id)
            keystore.delete_key(certificate.key)
