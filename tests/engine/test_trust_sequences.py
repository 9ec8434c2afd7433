"""Whatever devices do and technicians decide, in whatever order: only what was decided is trusted and talked to.

Two devices count what they are sent. After every step the gateway is compared with a model of what was decided.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from core.engine.engine import Engine
from core.model.device import CertificateField, Connection, Origin
from core.model.errors import CamtrustError
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    AnyCommand,
    CheckDevices,
    LookAt,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
)
from core.store.folder import StateFolder
from core.store.store import Store
from tests.engine.conftest import CALLER, Gateway
from tests.engine.counting import CountingDevice, Odd, twin_of
from tests.engine.stage import NO_RETRIES
from tests.network.leaves import Leaf, new_leaf

T = TypeVar("T")

_FIRST = new_leaf("first")
LEAVES = (_FIRST, new_leaf("second"), new_leaf("third"), twin_of(_FIRST))

which = st.sampled_from((0, 1))
leaves = st.integers(0, len(LEAVES) - 1)


@dataclass
class Place:
    """A device, its id at the gateway, and what follows from what was decided about it.

    `pins` are all that there ever were: fingerprint and origin. `allowed` are the leaves over which more than
    handshakes may be sent in this step.
    """

    device: CountingDevice
    shows: Leaf | Odd | None
    id: str = ""
    pins: list[tuple[str, Origin]] = field(default_factory=list)
    blocked_by: str | None = None
    online: bool = True
    allowed: set[str] = field(default_factory=set)

    @property
    def pin(self) -> str:
        return self.pins[-1][0]

    @property
    def trusted(self) -> bool:
        return self.pins[-1][1] is not Origin.DEVICE

    @property
    def leaf(self) -> str | None:
        return self.shows.fingerprint if isinstance(self.shows, Leaf) else None

    async def show(self, shows: Leaf | Odd | None) -> None:
        self.shows = shows
        if shows is None:
            await self.device.off()
        else:
            self.device.show(shows)
            await self.device.on()

    def looked_at(self) -> None:
        """Another leaf blocks, the pin unblocks, anything else leaves a block as it is."""
        if self.leaf is not None:
            self.blocked_by = None if self.leaf == self.pin else self.leaf
        self.online = self.leaf == self.pin

    def trust(self, leaf: str, origin: Origin) -> None:
        self.pins.append((leaf, origin))
        self.blocked_by, self.online = None, True

    def compare(self, gateway: Gateway) -> None:
        """Fail unless the gateway says of it what it should, and sent nothing that it should not."""
        view = gateway.view(self.id)
        connection = Connection.ONLINE if self.online else Connection.OFFLINE
        assert (view.fingerprint, view.origin) == self.pins[-1]
        assert view.presented == self.blocked_by
        assert view.connection is (Connection.BLOCKED if self.blocked_by else connection)
        assert view.certificate_field is (CertificateField.ARCULES if self.trusted else CertificateField.DEVICE)
        assert {heard.leaf for heard in self.device.heard} <= self.allowed
        self.device.heard.clear()
        self.allowed = set()


class Trust(RuleBasedStateMachine):
    """One gateway, two devices."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.gone: list[Place] = []
        self.places = [Place(CountingDevice(f"127.0.88.{n + 1}", Odd.PLAIN), None) for n in (0, 1)]
        self._run(self._open())
        for place, leaf in zip(self.places, LEAVES, strict=False):
            self._run(place.show(leaf))
            self._run(self._add(place))
        self._compare()

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self._run(self._close())
            self.runner.close()
            shutil.rmtree(self.folder)

    @rule(n=which, leaf=leaves)
    def presents(self, n: int, leaf: int) -> None:
        self._run(self.places[n].show(LEAVES[leaf]))

    @rule(n=which)
    def goes_away(self, n: int) -> None:
        self._run(self.places[n].show(None))

    @rule(n=which, odd=st.sampled_from(Odd))
    def shows_no_certificate(self, n: int, odd: Odd) -> None:
        self._run(self.places[n].show(odd))

    @rule()
    def swap(self) -> None:
        first, second = self.places
        one, other = first.shows, second.shows
        self._run(first.show(other))
        self._run(second.show(one))

    @rule()
    def look(self) -> None:
        assert self._do(CheckDevices())
        for place in self.places:
            place.looked_at()
        self._compare()

    @rule(n=which, leaf=leaves)
    def accept(self, n: int, leaf: int) -> None:
        self._accept(self.places[n], LEAVES[leaf].fingerprint)

    @rule(n=which)
    def accept_what_is_shown(self, n: int) -> None:
        self._accept(self.places[n], self.places[n].leaf or _FIRST.fingerprint)

    @rule(n=which)
    def accept_what_was_reviewed(self, n: int) -> None:
        self._accept(self.places[n], self.places[n].blocked_by or self.places[n].pin)

    @rule(n=which, leaf=st.none() | leaves, by_address=st.booleans())
    def replace(self, n: int, leaf: int | None, by_address: bool) -> None:
        self._replace(self.places[n], None if leaf is None else LEAVES[leaf].fingerprint, by_address)

    @rule(n=which)
    def replace_by_what_is_shown(self, n: int) -> None:
        self._replace(self.places[n], self.places[n].leaf, by_address=False)

    @rule(n=which)
    def reissue(self, n: int) -> None:
        place = self.places[n]
        done = self._onboard(place, ReissueCertificate(device=place.id))
        assert done == (place.blocked_by is None)
        self._onboarded(place, done)

    @rule(n=which)
    def add_again(self, n: int) -> None:
        place = self.places[n]
        done = self._onboard(place, AddDevices(addresses=(place.device.address,), patience=0.0))
        assert done == (place.blocked_by is None and not place.trusted)
        self._onboarded(place, done)

    @rule(n=which, leaf=leaves, command=st.sampled_from(("reissue", "replace", "add")))
    def another_at_the_second_look(self, n: int, leaf: int, command: str) -> None:
        place = self.places[n]
        if not isinstance(place.shows, Leaf) or place.shows is LEAVES[leaf]:
            return
        place.device.show(place.shows, LEAVES[leaf])
        commands: dict[str, AnyCommand] = {
            "reissue": ReissueCertificate(device=place.id),
            "replace": ReplaceDevice(device=place.id, expect=place.leaf, patience=0.0),
            "add": AddDevices(addresses=(place.device.address,), patience=0.0),
        }
        self._onboard(place, commands[command])
        self._run(place.show(place.shows))
        self._compare()

    @rule(n=which)
    def look_before_adding(self, n: int) -> None:
        place = self.places[n]
        place.allowed = {place.pin}
        assert self._do(LookAt(addresses=(place.device.address,)))
        self._compare()

    # Once is enough to see that what is gone is not remembered; more would leave no time for the rest.
    @precondition(lambda self: not self.gone)
    @rule(n=which)
    def remove_and_add(self, n: int) -> None:
        place = self.places[n]
        if place.leaf is not None:
            assert self._do(RemoveDevice(device=place.id))
            self.gone.append(Place(place.device, None, place.id, place.pins))
            place.pins = []
            self._run(self._add(place))
            self._compare()

    @rule()
    def restart(self) -> None:
        self._run(self._close_engine())
        self._run(self._open())
        for place in self.places:
            place.online = False
        self._compare()
        self.look()

    def _accept(self, place: Place, leaf: str) -> None:
        done = self._do(AcceptCertificate(device=place.id, fingerprint=leaf))
        decides = leaf == place.leaf and not (leaf == place.pin and place.trusted)
        assert done == decides
        if done:
            place.trust(leaf, Origin.ACCEPTED)
        elif place.leaf is not None:
            place.looked_at()
        self._compare()

    def _replace(self, place: Place, leaf: str | None, by_address: bool) -> None:
        address = place.device.address if by_address else None
        expected = leaf or place.pin
        place.allowed = {expected} & {place.leaf or ""}
        done = self._onboard(place, ReplaceDevice(device=place.id, address=address, expect=leaf, patience=0.0))
        assert done == (leaf is not None or place.blocked_by is None)
        if not done or place.leaf is None:
            pass
        elif place.leaf != expected:
            place.blocked_by = place.leaf if place.leaf != place.pin else place.blocked_by
        elif place.leaf == place.pin:
            place.looked_at()
        else:
            place.trust(place.leaf, Origin.DEVICE)
        self._compare()

    def _onboard(self, place: Place, command: AnyCommand) -> bool:
        done = self._do(command)
        if done:
            self._run(self.gateway.ended(place.id))
        return done

    def _onboarded(self, place: Place, done: bool) -> None:
        """What follows from a session that is bound to the pin."""
        if done and place.leaf is not None:
            place.allowed = {place.pin}
            place.looked_at()
        self._compare()

    def _do(self, command: AnyCommand) -> bool:
        try:
            self._run(self.gateway.engine.handle(command, CALLER))
        except CamtrustError:
            return False
        return True

    def _compare(self) -> None:
        for place in self.places:
            place.compare(self.gateway)

    async def _add(self, place: Place) -> None:
        leaf = place.leaf or ""
        place.id = (await self.gateway.add(place.device.address)).id
        await self.gateway.engine.handle(CheckDevices(), CALLER)
        for other in self.places:
            if other.pins:
                other.looked_at()
        place.allowed = {leaf}
        place.trust(leaf, Origin.DEVICE)

    async def _open(self) -> None:
        self.state = StateFolder.open(self.folder)
        self.gateway = Gateway(await Engine.open(self.state, NO_RETRIES))

    async def _close_engine(self) -> None:
        await self.gateway.engine.close()
        store = await Store.open(self.folder)
        for place in (*self.places, *self.gone):
            stored = [(pin.fingerprint, pin.origin) for pin in await store.pins(place.id)]
            assert stored == place.pins
        await store.close()
        self.state.close()

    async def _close(self) -> None:
        for place in self.places:
            await place.device.off()
        await self._close_engine()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


TestTrust = Trust.TestCase
TestTrust.settings = settings(
    max_examples=32,
    stateful_step_count=20,
    # The same sequences each time, so that a failure is somebody's change.
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=(HealthCheck.too_slow,),
    # Making a failing sequence shorter takes minutes.
    phases=(Phase.generate,),
)
