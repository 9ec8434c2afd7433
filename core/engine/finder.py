"""Step 1 of onboarding: over which port, and whether by HTTPS at all, a device can be reached."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.decide.addresses import HTTP_PORT, Target
from core.decide.identity import Found
from core.model.errors import AnswerLostError, DeviceError, NotReachedError, NotTlsError, TlsFailedError
from core.network.look import Seen, look
from core.network.plain import https_port, speaks_http
from core.network.transport import DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.wsdls import Wsdls

GIVEN_IS_HTTP = "the port given speaks HTTP"
USUAL_PORTS = (443, 8443, 4443)
_LOOK_DEADLINE = 6.0
_HTTP_DEADLINE = 6.0
_MOST_ASKED = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device answers. `seen` is its leaf, None for plain HTTP; `how` says in words how the port was found."""

    scheme: str
    port: int
    how: str
    seen: Seen | None = None


class Finder:
    """Looks for one device. `found` is what discovery says of it."""

    def __init__(self, wsdls: Wsdls, target: Target, found: Found | None) -> None:
        self._wsdls = wsdls
        self._target = target
        self._found = found

    async def find(self) -> Place:
        """Return where the device answers now.

        Raises `NotReachedError` where nothing answers, and `TlsFailedError` where TLS answers and fails, which is never
        a reason to go on over HTTP (rule R13).
        """
        if self._target.scheme == "http":
            return await self._find_http([(self._target.port or HTTP_PORT, "as asked for")])
        if self._target.port is not None:
            place = await self._try_given(self._target.port)
            if place is not None:
                return place
            if self._target.scheme == "https":
                raise self._no_https()
        return await self._search()

    async def _try_given(self, port: int) -> Place | None:
        try:
            return Place("https", port, "the port given", await look(self._target.host, port, deadline=_LOOK_DEADLINE))
        except NotTlsError:
            if self._target.scheme != "https":
                return await self._find_http([(port, GIVEN_IS_HTTP)])
        except NotReachedError:
            return None
        return None

    async def _search(self) -> Place:
        announced = self._announced("https")
        ports = tuple(dict.fromkeys((*announced, *USUAL_PORTS)))
        asked, seen = await asyncio.gather(self._ask_ports(), self._look_at(ports))
        seen |= await self._look_at(tuple(port for port in asked if port not in seen))
        order = list(dict.fromkeys((*announced, *asked, *USUAL_PORTS)))
        for port in order:
            outcome = seen[port]
            if isinstance(outcome, Seen):
                return Place("https", port, self._how(port, announced, asked), outcome)
        return await self._without_https([seen[port] for port in (*announced, *asked, USUAL_PORTS[0])])

    async def _without_https(self, outcomes: Iterable[Seen | DeviceError]) -> Place:
        for outcome in outcomes:
            if isinstance(outcome, TlsFailedError):
                raise outcome
        if self._target.scheme == "https":
            raise self._no_https()
        return await self._find_http([(port, "no HTTPS answers") for port in self._http_ports()])

    def _no_https(self) -> NotReachedError:
        return NotReachedError(
            f"No HTTPS on {self._target}",
            "Enable HTTPS in the camera's own settings, or give its HTTPS port, such as 192.168.20.1:4443.",
        )

    async def _find_http(self, ports: Sequence[tuple[int, str]]) -> Place:
        for port, how in ports:
            if await speaks_http(self._target.host, port, deadline=_HTTP_DEADLINE):
                return Place("http", port, how)
        raise NotReachedError(
            f"{self._target} does not answer",
            "Check that the camera has power and network, and that the address is right.",
        )

    async def _look_at(self, ports: Sequence[int]) -> dict[int, Seen | DeviceError]:
        return dict(zip(ports, await asyncio.gather(*map(self._look, ports)), strict=True))

    async def _look(self, port: int) -> Seen | DeviceError:
        try:
            return await look(self._target.host, port, deadline=_LOOK_DEADLINE)
        except DeviceError as error:
            return error

    async def _ask_ports(self) -> tuple[int, ...]:
        """Return the HTTPS ports that the device itself names, by a redirect or, without a login, by its protocols."""
        for port in self._http_ports():
            transport = DeviceTransport("http", self._target.host, port, None, deadline=_HTTP_DEADLINE)
            path = self._found.path if self._found else ""
            device = OnvifDevice(self._wsdls, transport, "http", self._target.host, port, path=path)
            try:
                protocols = await device.network_protocols(anonymous=True)
            except (AnswerLostError, NotReachedError):
                continue
            except DeviceError:
                named = await https_port(self._target.host, port, deadline=_HTTP_DEADLINE)
                if named is None:
                    continue
                return (named,)
            finally:
                await device.close()
            ports = (port for item in protocols if item.name == "HTTPS" and item.enabled for port in item.ports)
            return tuple(dict.fromkeys(ports))[:_MOST_ASKED]
        return ()

    def _announced(self, scheme: str) -> tuple[int, ...]:
        ports = self._found.ports if self._found else ()
        return tuple(port for announced, port in ports if announced == scheme)

    def _http_ports(self) -> tuple[int, ...]:
        given = (self._target.port,) if self._target.port and self._target.scheme != "https" else ()
        return tuple(dict.fromkeys((*given, *self._announced("http"), HTTP_PORT)))

    def _how(self, port: int, announced: Sequence[int], asked: Sequence[int]) -> str:
        if port in announced and self._found:
            return f"announced by {', '.join(self._found.sources)}"
        return "the device names it" if port in asked else "found there"
