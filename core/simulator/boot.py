"""What a camera does when it is switched on, before it answers: look at its flash memory, and see to a certificate."""

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from core.simulator import self_made, signing
from core.simulator.contents import FACTORY, Contents
from core.simulator.device import Flash, Protocol
from core.simulator.settings import CameraSettings

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
    if https is not None and (is_new or is_missing or _makes_another(settings, flash)):
        _assign_factory(settings, contents, now)
    return msgspec.structs.replace(flash, host=settings.host)


def _makes_another(settings: CameraSettings, flash: Flash) -> bool:
    quirks = settings.quirks
    return quirks.new_certificate_at_boot or (quirks.certificate_for_address and flash.host != settings.host)


def _protocols(settings: CameraSettings, ports: dict[str, int]) -> dict[str, Protocol]:
    given = {name: Protocol(name != "HTTPS" or settings.https_enabled, port) for name, port in ports.items()}
    # Without video nobody listens for RTSP.
    return (
        given
        if settings.rtsp_port is None
        else {**given, "RTSP": Protocol(True, ports.get("RTSP", settings.rtsp_port))}
    )


def _new_contents(settings: CameraSettings, now: datetime) -> Contents:
    contents = Contents()
    for number in range(settings.keystore.filled if settings.keystore else 0):
        self_made.add(contents, f"vpn-{number + 1}", *_made(settings, "EC secp256r1", now, self_made.LONG))
    return contents


def _assign_factory(settings: CameraSettings, contents: Contents, now: datetime) -> None:
    made = (
        _of_batch(msgspec.json.encode(_common(settings)))
        if settings.batch
        else _made(settings, settings.factory_key, now, settings.factory_days)
    )
    self_made.assign(contents, FACTORY, self_made.add(contents, FACTORY, *made))


def _common(settings: CameraSettings) -> CameraSettings:
    """Return what the cameras of a batch have in common, as far as their certificate shows it."""
    return CameraSettings(
        maker=settings.maker,
        model=settings.model,
        batch=settings.batch,
        factory_key=settings.factory_key,
        factory_hash=settings.factory_hash,
        factory_days=settings.factory_days,
        quirks=msgspec.structs.replace(settings.quirks, certificate_for_address=False),
    )


@lru_cache
def _of_batch(common: bytes) -> tuple[bytes, bytes]:
    settings = msgspec.json.decode(common, type=CameraSettings)
    return _made(settings, settings.factory_key, _MADE, settings.factory_days)


def _made(settings: CameraSettings, kind: str, now: datetime, days: float) -> tuple[bytes, bytes]:
    private = signing.make_key(kind)
    return private, self_made.certificate(settings, private, now, days)
