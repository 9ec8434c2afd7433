"""The ports of a camera, the same on each of its addresses."""

from collections.abc import Callable, Mapping

from core.simulator import rtsp
from core.simulator.endpoint import Endpoint, Offer
from core.simulator.listener import Listener, Serve
from core.simulator.settings import CameraSettings

DESCRIPTION = "UPNP"
"""The name of the port for the UPnP description alone. It is none of the network protocols that ONVIF knows."""


class Ports:
    """HTTP and HTTPS, those for RTSP, and one for the UPnP description, as far as the camera has them, by name.

    `serve` makes what serves the connections to one. Raises `OSError` where a port cannot be had.
    """

    def __init__(self, settings: CameraSettings, serve: Callable[[str], Serve]) -> None:
        described = settings.ssdp.port if settings.ssdp is not None else None
        asked = {"HTTP": settings.http_port, "HTTPS": settings.https_port, DESCRIPTION: described}
        if settings.video is not None:
            asked |= {rtsp.IN_CLEAR: settings.rtsp_port, rtsp.OVER_TLS: settings.video.rtsps_port}
        self._asked = {name: port for name, port in asked.items() if port is not None}
        self._listeners = {name: Listener(settings.hosts, serve(name)) for name in self._asked}
        self._endpoints = self._made(settings)
        self.is_cut = False

    def keep(self, held: Mapping[str, int]) -> dict[str, int]:
        """Take the ports, without listening, and return those of protocols. `held` are those that it remembers."""
        for name, asked in self._asked.items():
            listener = self._listeners[name]
            listener.keep(held.get(name) or listener.port or asked)
        return {name: listener.port for name, listener in self._listeners.items() if name != DESCRIPTION}

    def release(self) -> None:
        """Let go of the ports."""
        for listener in self._listeners.values():
            listener.release()

    async def start(self, offer: Callable[[str], Offer | None]) -> None:
        """Serve at once what is offered on each."""
        for name, endpoint in self._endpoints.items():
            await endpoint.start(self._offered(name, offer))

    def want(self, offer: Callable[[str], Offer | None]) -> None:
        """Serve what is offered on each after the time that a restart takes. Not waited for."""
        for name, endpoint in self._endpoints.items():
            endpoint.want(self._offered(name, offer))

    async def settled(self) -> None:
        """Return when each serves what is wanted."""
        for endpoint in self._endpoints.values():
            await endpoint.settled()

    async def cut(self) -> None:
        """Let nobody in or out until it is mended."""
        self.is_cut = True
        for listener in self._listeners.values():
            await listener.cut()

    def mend(self) -> None:
        """Let everybody in again, as far as something is served."""
        self.is_cut = False
        for listener in self._listeners.values():
            listener.mend()

    async def stop(self) -> None:
        """Serve nothing, now."""
        for endpoint in self._endpoints.values():
            await endpoint.stop()

    def leaf(self) -> bytes:
        """Return the certificate that a handshake shows now, DER; empty while HTTPS is not there."""
        served = self._endpoints["HTTPS"].served if "HTTPS" in self._endpoints else None
        return served.identity.chain[0] if served is not None and served.identity is not None else b""

    def description(self) -> int:
        """Return the port that the UPnP description has for itself, 0 where it has none."""
        return self._listeners[DESCRIPTION].port if DESCRIPTION in self._listeners else 0

    def _offered(self, name: str, offer: Callable[[str], Offer | None]) -> Offer | None:
        return Offer(self._listeners[name].port) if name == DESCRIPTION else offer(name)

    def _made(self, settings: CameraSettings) -> dict[str, Endpoint]:
        timing, quirks = settings.timing, settings.quirks
        made = {name: Endpoint(listener, timing) for name, listener in self._listeners.items()}
        if "HTTPS" in made:
            along = [made["HTTP"]] if quirks.http_restarts_too and "HTTP" in made else []
            made["HTTPS"] = Endpoint(self._listeners["HTTPS"], timing, along, quirks.serves_in_turn)
        return made
