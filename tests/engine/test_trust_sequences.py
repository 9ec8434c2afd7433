"""Whatever devices do and technicians decide, in whatever order: only what was decided is trusted and talked to.

Two devices count what they are sent. After every step the gateway is compared with a model of what was decided, and of
which of the two is followed to the address of the other.
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
from core.model.video import Video
from core.store.folder import StateFolder
from core.store.store import Store
from tests.engine.conftest import CALLER, Gateway, until
from tests.engine.counting import CountingDevice, Odd, twin_of
from tests.engine.stage import NO_RETRIES
from tests.network.leaves import Leaf, new_leaf

T = TypeVar("T")

_FIRST = new_leaf("first")
LEAVES = (_FIRST, new_leaf("second"), new_leaf("third"), twin_of(_FIRST))

LEAF_OF = {leaf.fingerprint: leaf for leaf in LEAVES}

which = st.sampled_from((0, 1))
leaves = st.integers(0, len(LEAVES) - 1)


@dataclass(eq=False)
class Home:
    """An address, and what answers there."""

    device: CountingDevice
    shows: Leaf | Odd | None = None

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


@dataclass(eq=False)
class Record:
    """A device as it was added: where, by which id, and what follows from what was decided about it.

    `pins` are all that there ever were: fingerprint and origin. `left` is where the device was that is at this one's
    home now. `allowed` are the leaves over which more than handshakes may be sent in this step.
    """

    home: Home
    id: str = ""
    pins: list[tuple[str, Origin]] = field(default_factory=list)
    blocked_by: str | None = None
    online: bool = True
    left: Home | None = None
    allowed: set[str] = field(default_factory=set)

    @property
    def pin(self) -> str:
        return self.pins[-1][0]

    @property
    def trusted(self) -> bool:
        return self.pins[-1][1] is not Origin.DEVICE

    @property
    def leaf(self) -> str | None:
        return self.home.leaf

    def looked_at(self) -> None:
        """Another leaf blocks, the pin unblocks, anything else leaves a block as it is."""
        if self.leaf is not None:
            self.blocked_by = None if self.leaf == self.pin else self.leaf
        self.online = self.leaf == self.pin

    def may_be_at(self, home: Home, other: "Record") -> bool:
        """Tell whether it is to be followed there."""
        is_known = home is self.left or (home is other.home and other.blocked_by == self.pin)
        return not self.online and is_known and home.leaf == self.pin != other.pin

    def follow(self, home: Home, other: "Record") -> None:
        """What is followed takes the other one along that stands where it was, or else leaves a trace for it."""
        old, self.home = self.home, home
        self.blocked_by, self.online, self.left = None, True, None
        if other.online:
            return
        if old.leaf == other.pin:
            other.home, other.blocked_by, other.online, other.left = old, None, True, None
        elif other.home is home:
            other.left = old

    def trust(self, leaf: str, origin: Origin) -> None:
        self.pins.append((leaf, origin))
        self.blocked_by, self.online = None, True

    def compare(self, gateway: Gateway) -> None:
        """Fail unless the gateway says of it what it should, and sent nothing that it should not."""
        view = gateway.view(self.id)
        connection = Connection.ONLINE if self.online else Connection.OFFLINE
        assert (view.fingerprint, view.origin) == self.pins[-1]
        assert view.address == self.home.device.address
        assert (view.presented, view.presented_at) == (self.blocked_by, None)
        assert view.connection is (Connection.BLOCKED if self.blocked_by else connection)
        assert view.certificate_field is (CertificateField.ARCULES if self.trusted else CertificateField.DEVICE)


class Trust(RuleBasedStateMachine):
    """One gateway, two devices."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.gone: list[Record] = []
        self.homes = [Home(CountingDevice(f"127.0.88.{n + 1}", Odd.PLAIN)) for n in (0, 1)]
        self.records = [Record(home) for home in self.homes]
        self._run(self._open())
        for record, leaf in zip(self.records, LEAVES, strict=False):
            self._run(record.home.show(leaf))
            self._run(self._add(record))
        self._compare()

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self._run(self._close())
            self.runner.close()
            shutil.rmtree(self.folder)

    @rule(n=which, leaf=leaves)
    def presents(self, n: int, leaf: int) -> None:
        self._run(self.homes[n].show(LEAVES[leaf]))

    @rule(n=which)
    def goes_away(self, n: int) -> None:
        self._run(self.homes[n].show(None))

    @rule(n=which, odd=st.sampled_from(Odd))
    def shows_no_certificate(self, n: int, odd: Odd) -> None:
        self._run(self.homes[n].show(odd))

    @rule()
    def swap(self) -> None:
        first, second = self.homes
        one, other = first.shows, second.shows
        self._run(first.show(other))
        self._run(second.show(one))

    @rule()
    def swap_addresses(self) -> None:
        first, second = self.records
        self._run(first.home.show(LEAF_OF[second.pin]))
        self._run(second.home.show(LEAF_OF[first.pin]))
        self.look()

    @rule(n=which)
    def takes_the_address_of_the_other(self, n: int) -> None:
        record, other = self.records[n], self.records[1 - n]
        if not self._share_a_home():
            self._run(record.home.show(None))
            self._run(other.home.show(LEAF_OF[record.pin]))
            self.look()

    @precondition(lambda self: any(record.left for record in self.records))
    @rule()
    def comes_up_where_the_other_was(self) -> None:
        for record in self.records:
            if record.left is not None:
                self._run(record.left.show(LEAF_OF[record.pin]))
        self.look()

    @rule()
    def look(self) -> None:
        assert self._do(CheckDevices())
        self._looked()
        self._compare()

    @rule(n=which, leaf=leaves)
    def accept(self, n: int, leaf: int) -> None:
        self._accept(self.records[n], LEAVES[leaf].fingerprint)

    @rule(n=which)
    def accept_what_is_shown(self, n: int) -> None:
        self._accept(self.records[n], self.records[n].leaf or _FIRST.fingerprint)

    @rule(n=which)
    def accept_what_was_reviewed(self, n: int) -> None:
        self._accept(self.records[n], self.records[n].blocked_by or self.records[n].pin)

    @rule(n=which, leaf=st.none() | leaves, by_address=st.booleans())
    def replace(self, n: int, leaf: int | None, by_address: bool) -> None:
        self._replace(self.records[n], None if leaf is None else LEAVES[leaf].fingerprint, by_address)

    @rule(n=which)
    def replace_by_what_is_shown(self, n: int) -> None:
        self._replace(self.records[n], self.records[n].leaf, by_address=False)

    @rule(n=which)
    def reissue(self, n: int) -> None:
        record = self.records[n]
        done = self._onboard(record, ReissueCertificate(device=record.id))
        assert done == (record.blocked_by is None)
        self._onboarded(record, done)

    @rule(n=which)
    def add_again(self, n: int) -> None:
        record = self.records[n]
        done = self._onboard(record, AddDevices(addresses=(record.home.device.address,), patience=0.0))
        assert done == (record.blocked_by is None and not record.trusted and not self._share_a_home())
        self._onboarded(record, done)

    @rule(n=which, leaf=leaves, command=st.sampled_from(("reissue", "replace", "add")))
    def another_at_the_second_look(self, n: int, leaf: int, command: str) -> None:
        record = self.records[n]
        if not isinstance(record.home.shows, Leaf) or record.home.shows is LEAVES[leaf]:
            return
        record.home.device.show(record.home.shows, LEAVES[leaf])
        commands: dict[str, AnyCommand] = {
            "reissue": ReissueCertificate(device=record.id),
            "replace": ReplaceDevice(device=record.id, expect=record.leaf, patience=0.0),
            "add": AddDevices(addresses=(record.home.device.address,), patience=0.0),
        }
        self._onboard(record, commands[command])
        self._run(record.home.show(record.home.shows))
        self._compare()

    @rule(n=which)
    def look_before_adding(self, n: int) -> None:
        record = self.records[n]
        record.allowed = {record.pin}
        assert self._do(LookAt(addresses=(record.home.device.address,)))
        self._compare()

    # Once is enough to see that what is gone is not remembered; more would leave no time for the rest.
    @precondition(lambda self: not self.gone)
    @rule(n=which)
    def remove_and_add(self, n: int) -> None:
        record = self.records[n]
        if record.leaf is not None and not self._share_a_home():
            assert self._do(RemoveDevice(device=record.id))
            self.gone.append(Record(record.home, record.id, record.pins))
            record.pins, record.left = [], None
            self._run(self._add(record))
            self._compare()

    @rule()
    def restart(self) -> None:
        self._run(self._close_engine())
        self._run(self._open())
        for record in self.records:
            record.online, record.left = False, None
        self._compare()
        self.look()

    def _accept(self, record: Record, leaf: str) -> None:
        done = self._do(AcceptCertificate(device=record.id, fingerprint=leaf))
        decides = leaf == record.leaf and not (leaf == record.pin and record.trusted)
        assert done == decides
        if done:
            record.trust(leaf, Origin.ACCEPTED)
        elif record.leaf is not None:
            record.looked_at()
        self._compare()

    def _replace(self, record: Record, leaf: str | None, by_address: bool) -> None:
        address = record.home.device.address if by_address else None
        expected = leaf or record.pin
        record.allowed = {expected} & {record.leaf or ""}
        done = self._onboard(record, ReplaceDevice(device=record.id, address=address, expect=leaf, patience=0.0))
        assert done == ((leaf is not None or record.blocked_by is None) and not self._share_a_home())
        if not done or record.leaf is None:
            pass
        elif record.leaf != expected:
            record.blocked_by = record.leaf if record.leaf != record.pin else record.blocked_by
        elif record.leaf == record.pin:
            record.looked_at()
        else:
            record.trust(record.leaf, Origin.DEVICE)
        self._compare()

    def _onboard(self, record: Record, command: AnyCommand) -> bool:
        done = self._do(command)
        if done:
            self._run(self.gateway.ended(record.id))
        return done

    def _onboarded(self, record: Record, done: bool) -> None:
        """What follows from a session that is bound to the pin."""
        if done and record.leaf is not None:
            record.allowed = {record.pin}
            record.looked_at()
        self._compare()

    def _do(self, command: AnyCommand) -> bool:
        try:
            self._run(self.gateway.engine.handle(command, CALLER))
        except CamtrustError:
            return False
        return True

    def _looked(self) -> None:
        """What follows when every device was looked at, and those that are away were looked for."""
        for record in self.records:
            record.looked_at()
        for record, other in (self.records, self.records[::-1]):
            if record.online:
                record.left = None
            for home in self.homes:
                if home is not record.home and record.may_be_at(home, other):
                    record.follow(home, other)

    def _share_a_home(self) -> bool:
        """Whether the one was followed to where the other was; then that address means neither of them."""
        return self.records[0].home is self.records[1].home

    def _compare(self) -> None:
        # After an onboarding a device is asked about its video, once it is there.
        self._run(until(self._is_done_asking))
        for record in self.records:
            record.compare(self.gateway)
        for home in self.homes:
            # One that is there may still be asked about its video.
            allowed = {leaf for record in self.records if record.home is home for leaf in record.allowed}
            allowed |= {record.pin for record in self.records if record.home is home and record.online}
            assert {heard.leaf for heard in home.device.heard} <= allowed
            home.device.heard.clear()
        for record in self.records:
            record.allowed = set()

    def _is_done_asking(self) -> bool:
        views = [self.gateway.view(record.id) for record in self.records if record.pins]
        return not any(view.video is Video.DUE and view.connection is Connection.ONLINE for view in views)

    async def _add(self, record: Record) -> None:
        leaf = record.leaf or ""
        record.id = (await self.gateway.add(record.home.device.address)).id
        await self.gateway.engine.handle(CheckDevices(), CALLER)
        record.allowed = {leaf}
        record.trust(leaf, Origin.DEVICE)
        if all(other.pins for other in self.records):
            self._looked()

    async def _open(self) -> None:
        self.state = StateFolder.open(self.folder)
        self.gateway = Gateway(await Engine.open(self.state, NO_RETRIES))

    async def _close_engine(self) -> None:
        await self.gateway.engine.close()
        store = await Store.open(self.folder)
        for record in (*self.records, *self.gone):
            stored = [(pin.fingerprint, pin.origin) for pin in await store.pins(record.id)]
            assert stored == record.pins
        await store.close()
        self.state.close()

    async def _close(self) -> None:
        for home in self.homes:
            await home.device.off()
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
