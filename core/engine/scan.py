"""The scan of given networks, for sites where multicast is blocked: each address is tried, and no other."""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from core.decide.acts import by_whom
from core.decide.addresses import HTTP_PORT
from core.decide.certificates import key_fingerprint
from core.decide.networks import Addresses, Network
from core.decide.ports import USUAL_PORTS
from core.discovery.unicast import UnicastProbes
from core.engine.board import Board
from core.engine.clock import now, stamp
from core.engine.registry import Registry
from core.engine.services import OURSELVES
from core.model.device import DeviceView
from core.model.errors import NotReachedError, NotTlsError, RefusedError, TlsFailedError
from core.model.messages import Scanned, ScanView
from core.model.sighting import Sighting
from core.network.connect import connect
from core.network.look import look
from core.network.plain import speaks_http
from core.network.wording import Place

SOURCE = "scan"

_AT_ONCE = 256
_RATE = 500.0
# The first leaves room for a second ARP request and a second SYN; after that only a lost packet is to blame.
_FIRST_KNOCK, _LATER_KNOCK = 1.5, 0.5
_LOOK_DEADLINE = 5.0
_LAST_ANSWERS = 0.6
_TELL_EVERY = 0.5
_REMIND_EVERY = 60.0
_KEPT_FOR = 3600.0
_MOST_KEPT = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ports:
    """What is tried at each address: HTTPS ports, the HTTP port where none of them speaks TLS, and a UDP port."""

    https: Sequence[int] = USUAL_PORTS
    http: int = HTTP_PORT
    ws_discovery: int = 0


class Scan:
    """One scan at a time, and what the last ones found.

    An address is tried by a connection and a handshake, one bare `GET /` where nothing speaks TLS, and a WS-Discovery
    probe. At most 256 connections are open at once, and at most 500 new addresses a second are begun: each costs the
    network a broadcast (ARP) and the gateway a place in a table of its neighbours, of which Linux has 1,024.
    """

    def __init__(self, board: Board, registry: Registry, ports: Ports) -> None:
        self._board = board
        self._registry = registry
        self._ports = ports
        self._sweep: _Sweep | None = None
        self._begun = OURSELVES, ""
        self._task: asyncio.Task[None] | None = None
        self._kept: dict[tuple[str, str], tuple[Sighting, float]] = {}

    @property
    def view(self) -> ScanView | None:
        """The scan that is under way, as clients see it."""
        return self._sweep.view() if self._sweep else None

    async def run(self, networks: Sequence[Network], who: str = OURSELVES) -> Scanned:
        """Try each address of the networks. Whoever waits for it may leave: it goes on until `cancel` or `close`.

        Raises `RefusedError` while another scan is under way. `who` is told to whoever is refused by this one.
        """
        if self._sweep is not None:
            raise RefusedError(
                f"A scan of {shown(self._sweep.networks)} is under way, begun {by_whom(*self._begun, now())}",
                "Wait until it is finished, or end it: camtrust scan --cancel.",
            )
        self._begun = who, stamp()
        sweep = self._sweep = _Sweep(networks, self._ports, self)
        task = self._task = asyncio.create_task(sweep.run(), name="scan")
        task.add_done_callback(self._ended)
        self._board.status_changed()
        await asyncio.wait((task,))
        if not task.cancelled():
            task.result()
        return Scanned(len(sweep.addresses), sweep.tried, self._rows(sweep.found))

    async def cancel(self) -> None:
        """End the scan that is under way. Raises `RefusedError` where none is."""
        if self._sweep is None:
            raise RefusedError("No scan is under way", "There is nothing to end.")
        await self.close()

    async def close(self) -> None:
        """End the scan that is under way, if one is, and wait until all its connections are closed."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def keep(self) -> None:
        """Keep what was found for an hour: most of it does not say by itself that it is still there."""
        while True:
            await asyncio.sleep(_REMIND_EVERY)
            self.remind(asyncio.get_running_loop().time())

    def remind(self, now: float) -> None:
        """Keep all of it but what is too old, or has said anything else since, or goodbye."""
        self._kept = {
            key: (sighting, found)
            for key, (sighting, found) in self._kept.items()
            if found >= now - _KEPT_FOR and self._registry.repeat(sighting)
        }

    def begin(self, address: str) -> None:
        """An address is tried anew: what was found there before counts no longer."""
        for source in (SOURCE, UnicastProbes.source):
            self._kept.pop((address, source), None)

    def hear(self, sighting: Sighting) -> None:
        """Something answered."""
        if len(self._kept) < _MOST_KEPT and not sighting.gone:
            self._kept[sighting.address, sighting.source] = sighting, asyncio.get_running_loop().time()
        self._registry.hear(sighting)

    def progressed(self) -> None:
        """The numbers changed."""
        self._board.status_changed()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sweep = None
        self._board.status_changed()
        if not task.cancelled() and (error := task.exception()):
            # Whoever waited for it may be gone.
            _log.error("the scan failed", exc_info=error)

    def _rows(self, found: set[str]) -> tuple[DeviceView, ...]:
        rows = self._board.devices.values()
        return tuple(view for view in rows if not found.isdisjoint((view.host, *view.addresses)))


class _Sweep:
    """One scan. `found` are the addresses at which anything answered."""

    def __init__(self, networks: Sequence[Network], ports: Ports, scan: Scan) -> None:
        self.networks = networks
        self.tried = 0
        self.found: set[str] = set()
        self.addresses = Addresses(networks)
        self._ports = ports
        self._scan = scan
        self._loop = asyncio.get_running_loop()
        self._next_turn = 0.0

    def view(self) -> ScanView:
        return ScanView(tuple(map(str, self.networks)), len(self.addresses), self.tried, len(self.found))

    async def run(self) -> None:
        telling = asyncio.create_task(self._tell())
        try:
            with closing(UnicastProbes(self._ports.ws_discovery, self.addresses, self._hear)) as probes:
                await self._try_all(probes)
                await asyncio.sleep(_LAST_ANSWERS if self._ports.ws_discovery else 0)
        finally:
            telling.cancel()

    async def _try_all(self, probes: UnicastProbes) -> None:
        # Each works on one address, over one connection after the other: so many are open at most.
        left = iter(self.addresses)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE, len(self.addresses))):
                group.create_task(self._work(left, probes))

    async def _work(self, left: Iterator[str], probes: UnicastProbes) -> None:
        for address in left:
            await self._turn()
            self._scan.begin(address)
            probes.probe(address)
            sighting = await try_address(address, self._ports)
            if sighting is not None:
                self._hear(sighting)
            self.tried += 1

    async def _turn(self) -> None:
        now = self._loop.time()
        self._next_turn = max(now, self._next_turn + 1 / _RATE)
        await asyncio.sleep(self._next_turn - now)

    def _hear(self, sighting: Sighting) -> None:
        if not sighting.gone:
            self.found.add(sighting.address)
        self._scan.hear(sighting)

    async def _tell(self) -> None:
        told = self.view()
        while True:
            await asyncio.sleep(_TELL_EVERY)
            if (view := self.view()) != told:
                told = view
                self._scan.progressed()


async def try_address(address: str, ports: Ports) -> Sighting | None:
    """Return what answers HTTPS there, or else HTTP; None where neither does."""
    patience, secure, key = _FIRST_KNOCK, [], ""
    for port in ports.https:
        is_open = await _knock(address, port, patience)
        patience = _LATER_KNOCK if is_open is None else patience
        leaf = await _leaf(address, port) if is_open else None
        if leaf is not None:
            secure.append(("https", port))
            key = key or key_fingerprint(leaf)
    if secure:
        return Sighting(SOURCE, address, "", ports=tuple(secure), key=key)
    if await _knock(address, ports.http, patience) and await speaks_http(address, ports.http, deadline=_LOOK_DEADLINE):
        return Sighting(SOURCE, address, "", ports=(("http", ports.http),))
    return None


async def _knock(address: str, port: int, patience: float) -> bool | None:
    """Tell whether the port takes connections; None where there is no answer at all."""
    place, end = Place(address, port), asyncio.get_running_loop().time() + patience
    try:
        line = await connect(place, end)
    except NotReachedError as error:
        return False if isinstance(error.__cause__, ConnectionRefusedError) else None
    line.close()
    return True


async def _leaf(address: str, port: int) -> bytes | None:
    """Return the leaf that a port shows, nothing where its TLS fails, None where it does not speak TLS."""
    try:
        return (await look(address, port, deadline=_LOOK_DEADLINE)).der
    except TlsFailedError:
        return b""
    except (NotTlsError, NotReachedError):
        return None


def shown(networks: Iterable[object]) -> str:
    """Return networks in words, as many as fit into a line."""
    names = [str(network) for network in networks]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
