"""What adding a device would do, found out without a login and without changing or storing anything."""

import contextlib
import dataclasses

from core.decide.addresses import Target
from core.decide.certificates import describe
from core.decide.key_choice import manages
from core.decide.ports import is_https_off
from core.engine.arguments import locate
from core.engine.finder import Finder, Place
from core.engine.services import Services
from core.model.errors import DeviceError, UsageError
from core.model.messages import Look
from core.network.transport import SHORT, DeviceTransport
from core.onvif.device import OnvifDevice

_DEADLINE = 5.0


class Preview:
    """Looks at addresses before they are added."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def look_at(self, target: Target) -> Look:
        """Return what one address presents and over what it would be added, or the problem in words."""
        async with self._services.searches:
            return await self._look_at(target)

    async def _look_at(self, target: Target) -> Look:
        with contextlib.suppress(UsageError):
            await locate(self._services.registry, target)
        found = self._services.registry.found(target.host)
        added = self._services.registry.at(target.host, target.port)
        if any(device.pin is not None for device in added) and not target.scheme:
            # What has a certificate is not asked over plain HTTP whether it speaks that (rule R13).
            target = dataclasses.replace(target, scheme="https")
        try:
            legacy = all(device.pin is None or device.weak_tls for device in added)
            place = await Finder(self._services.wsdls, target, found, legacy=legacy).find()
        except DeviceError as error:
            return Look(str(target), problem=error.title, notes=(error.hint,))
        if place.seen is None:
            return Look(str(target), way=_over_http(place))
        certificate = describe(place.seen.der)
        return Look(
            str(target),
            way=f"HTTPS on {place.port} ({place.how}), {await self._ability(target, place)}",
            certificate=certificate,
            notes=(*self._same_elsewhere(target.host, place.port, place.seen.fingerprint), *certificate.warnings),
        )

    async def _ability(self, target: Target, place: Place) -> str:
        leaf = place.seen.fingerprint if place.seen else None
        for added in self._services.registry.at(target.host, place.port):
            if added.pin is not None and added.pin.fingerprint != leaf:
                return f"not asked, as the stored certificate of {added.name} is another one"
        legacy = place.seen is not None and place.seen.weak
        transport = DeviceTransport(
            place.scheme, target.host, place.port, leaf, legacy=legacy, deadline=_DEADLINE, largest=SHORT
        )
        found = self._services.registry.found(target.host)
        path = found.path if found else ""
        device = OnvifDevice(self._services.wsdls, transport, place.scheme, target.host, place.port, path=path)
        try:
            capabilities = await device.certificate_capabilities()
        except DeviceError as error:
            return f"abilities not known: {error.title}"
        finally:
            await device.close()
        return "takes a certificate of ours" if manages(capabilities) else "keeps its own certificate"

    def _same_elsewhere(self, host: str, port: int, fingerprint: str) -> tuple[str, ...]:
        return tuple(
            f"{device.name} at {device.host} has the same certificate"
            for device in self._services.registry.devices.values()
            if device.pin is not None
            and device.pin.fingerprint == fingerprint
            and (device.host, device.port) != (host, port)
        )


def _over_http(place: Place) -> str:
    if is_https_off(place.listed or ()):
        return "HTTP, as HTTPS is off on the device: without encryption unless it is switched on"
    return "HTTP only: will be added without encryption"
