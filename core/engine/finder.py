"""Step 1 of onboarding: over which port, and whether by HTTPS at all, a device can be reached."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.decide.addresses import HTTP_PORT, Target
from core.decide.identity import Found
from core.decide.ports import USUAL_PORTS, candidates, http_ports, https_ports, told
from core.model.errors import AnswerLostError, DeviceError, NotReachedError, NotTlsError, TlsFailedError
from core.model.keystore import NetworkProtocol
from core.network.look import Seen, look
from core.network.plain import https_port, speaks_http
from core.network.transport import SHORT, DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.wsdls import Wsdls

GIVEN_IS_HTTP = "the port given speaks HTTP"
_LOOK_DEADLINE = 6.0
_HTTP_DEADLINE = 6.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a device answers. `seen` is its leaf, None for plain HTTP; `how` says in words how the port was found.

    `told` is all that is to be said of it, in a line. `listed` are the device's own protocols, where it tells them
    without a login.
    """

    scheme: str
    port: int
    how: str
    seen: Seen | None = None
    told: str = ""
    listed: tuple[NetworkProtocol, ...] | None = None

    @property
    def line(self) -> str:
        """What to show of it."""
        return self.told or f"{self.scheme.upper()} on {self.port} ({self.how})"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the device says of its ports: its protocols, None where it tells them to nobody, and HTTPS ports."""

    listed: tuple[NetworkProtocol, ...] | None = None
    ports: tuple[int, ...] = ()


class Finder:
    """Looks for one device. `found` is what discovery says of it, `known_http` where it was reached by HTTP before.

    `legacy` is whether older TLS is tried with a device that refuses today's (rule R7).
    """

    def __init__(
        self,
        wsdls: Wsdls,
        target: Target,
        found: Found | None,
        known_http: int | None = None,
        *,
        legacy: bool = False,
    ) -> None:
        self._wsdls = wsdls
        self._target = target
        self._path = found.path if found else ""
        self._said = found.said if found else ()
        self._known_http = known_http
        self._legacy = legacy

    async def find(self) -> Place:
        """Return where the device answers now.

        Raises `NotReachedError` where nothing answers, and `TlsFailedError` where TLS answers and fails, which is never
        a reason to go on over HTTP (rule R13).
        """
        if self._target.scheme == "http":
            return await self._find_http([self._target.port or HTTP_PORT], "as asked for", _Answer())
        if self._target.port is not None:
            place = await self._try_given(self._target.port)
            if place is not None:
                return place
            if self._target.scheme == "https":
                raise self._no_https()
        return await self._search()

    async def _try_given(self, port: int) -> Place | None:
        try:
            seen = await look(self._target.host, port, legacy=self._legacy, deadline=_LOOK_DEADLINE)
        except NotTlsError:
            if self._target.scheme != "https":
                return await self._find_http([port], GIVEN_IS_HTTP, _Answer())
        except NotReachedError:
            return None
        else:
            [given, *_] = candidates(self._said, given=port)
            return self._place("https", port, given.how, _Answer(), seen)
        return None

    async def _search(self) -> Place:
        announced = [candidate.port for candidate in candidates(self._said)]
        answer, outcomes = await asyncio.gather(self._ask(), self._look_at(announced))
        order = candidates(self._said, answer.ports)
        outcomes |= await self._look_at([one.port for one in order if one.port not in outcomes])
        for candidate in order:
            outcome = outcomes[candidate.port]
            if isinstance(outcome, Seen):
                return self._place("https", candidate.port, candidate.how, answer, outcome)
        named = (outcomes[one.port] for one in order if one.who or one.port == USUAL_PORTS[0])
        return await self._without_https(named, answer)

    async def _look_at(self, ports: Sequence[int]) -> dict[int, Seen | DeviceError]:
        return await look_at(self._target.host, ports, legacy=self._legacy)

    async def _without_https(self, outcomes: Iterable[Seen | DeviceError], answer: _Answer) -> Place:
        for outcome in outcomes:
            if isinstance(outcome, TlsFailedError):
                raise outcome
        if self._target.scheme == "https":
            raise self._no_https()
        return await self._find_http(self._http_ports(), "no HTTPS answers", answer)

    def _no_https(self) -> NotReachedError:
        return NotReachedError(
            f"No HTTPS on {self._target}",
            "Enable HTTPS in the camera's own settings, or give its HTTPS port, such as 192.168.20.1:4443.",
        )

    async def _find_http(self, ports: Sequence[int], how: str, answer: _Answer) -> Place:
        for port in ports:
            if await speaks_http(self._target.host, port, deadline=_HTTP_DEADLINE):
                return self._place("http", port, how, answer)
        raise NotReachedError(
            f"{self._target} does not answer",
            "Check that the camera has power and network, and that the address is right.",
        )

    async def _ask(self) -> _Answer:
        """Ask the device for its HTTPS ports, by its protocols, or else by where its web page sends to."""
        for port in self._http_ports():
            try:
                listed = await self._ask_protocols(port)
            except (AnswerLostError, NotReachedError):
                continue
            except DeviceError:
                named = await https_port(self._target.host, port, deadline=_HTTP_DEADLINE)
                if named is not None:
                    return _Answer(ports=(named,))
            else:
                return _Answer(listed, https_ports(listed))
        return _Answer()

    async def _ask_protocols(self, port: int) -> tuple[NetworkProtocol, ...]:
        transport = DeviceTransport("http", self._target.host, port, None, deadline=_HTTP_DEADLINE, largest=SHORT)
        device = OnvifDevice(self._wsdls, transport, "http", self._target.host, port, path=self._path)
        try:
            return await device.network_protocols(anonymous=True)
        finally:
            await device.close()

    def _http_ports(self) -> tuple[int, ...]:
        given = self._target.port if self._target.scheme != "https" else None
        return http_ports(self._said, given, self._known_http)

    def _place(self, scheme: str, port: int, how: str, answer: _Answer, seen: Seen | None = None) -> Place:
        line = told((scheme, port), how, self._said, answer.listed or (), answer.ports)
        return Place(scheme, port, how, seen, line, answer.listed)


async def look_at(host: str, ports: Sequence[int], *, legacy: bool) -> dict[int, Seen | DeviceError]:
    """Look at several ports of a device at once; return the leaf that each shows, or why there is none.

    `legacy` is as for the `Finder`.
    """
    return dict(zip(ports, await asyncio.gather(*(_look(host, port, legacy) for port in ports)), strict=True))


async def _look(host: str, port: int, legacy: bool) -> Seen | DeviceError:
    try:
        return await look(host, port, legacy=legacy, deadline=_LOOK_DEADLINE)
    except DeviceError as error:
        return error
