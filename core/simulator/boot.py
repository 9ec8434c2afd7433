"""What a camera does when it is switched on, before it answers: look at its flash memory, and see to a certificate."""

from datetime import UTC, datetime
from functools import cache

import msgspec

from core.simulator import self_made, signing
from core.simulator.contents import FACTORY, Contents
from core.simulator.device import Flash, Protocol
from core.simulator.settings import CameraSettings, Quirks

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
    return given | ({"RTSP": Protocol(True, settings.rtsp_port)} if settings.rtsp_port is not None else {})


def _new_contents(settings: CameraSettings, now: datetime) -> Contents:
    contents = Contents()
    for number in range(settings.keystore.filled if settings.keystore else 0):
        self_made.add(contents, f"vpn-{number + 1}", *_made(settings, "EC secp256r1", now, self_made.LONG))
    return contents


def _assign_factory(settings: CameraSettings, contents: Contents, now: datetime) -> None:
    kind, days, sloppy = settings.factory_key, settings.factory_days, settings.quirks.sloppy_certificates
    if settings.batch:
        made = _of_batch(kind, settings.maker, settings.model, settings.batch, days, sloppy)
    else:
        made = _made(settings, kind, now, days)
    self_made.assign(contents, FACTORY, self_made.add(contents, FACTORY, *made))


@cache
def _of_batch(kind: str, maker: str, model: str, batch: str, days: float, sloppy: bool) -> tuple[bytes, bytes]:
    quirks = Quirks(sloppy_certificates=sloppy)
    return _made(CameraSettings(maker=maker, model=model, batch=batch, quirks=quirks), kind, _MADE, days)


def _made(settings: CameraSettings, kind: str, now: datetime, days: float) -> tuple[bytes, bytes]:
    private = signing.make_key(kind)
    return private, self_made.certificate(settings, private, now, days)
