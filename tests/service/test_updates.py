import asyncio
import json
import time
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.device import DeviceView, InstallView
from core.model.messages import LONGEST_LINE, Event, ReadEvents, Status, Update, decode_from_engine
from core.model.rollout import RolloutView
from core.service.client import Client
from core.service.mailbox import Mailbox
from core.service.session import update_lines
from tests.service.helpers import Lines, Serving, bare_socket, event, serving, until, view

LONG = "ä" * 2000


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as serving_now:
        yield serving_now


def install(number: int, step: int = 1) -> InstallView:
    return InstallView(device=f"d{number:05}", step=step, steps=(), seconds=1.0)


async def test_the_first_update_holds_everything(served: Serving) -> None:
    served.bench.board.put(view(1))
    served.bench.board.put_install(install(1))
    async with await Lines.connect(served.path) as client:
        await client.hello(watch=True)
        update = await client.receive()
    assert update["type"] == "update"
    assert [device["id"] for device in update["devices"]] == ["d00001"]
    assert [shown["device"] for shown in update["installs"]] == ["d00001"]
    assert update["status"]["gateway"] == "gw-test"


async def test_who_does_not_watch_gets_answers_only(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello()
        served.bench.board.put(view(1))
        await client.request(1, "list")
        assert (await client.receive())["type"] == "reply"


async def test_many_changes_come_as_few_updates_with_the_newest_state(served: Serving) -> None:
    async with await Client.connect(served.path, watch=True) as client:
        names: list[str] = []
        started = time.monotonic()
        changing = asyncio.create_task(change_often(served, 3000))
        async for update in client.updates():
            names += [device.name for device in update.devices]
            if names and names[-1] == "name 2999":
                break
        await changing
        took = time.monotonic() - started
    assert len(names) <= took / 0.1 + 2
    assert len(names) < 100


async def change_often(served: Serving, times: int) -> None:
    for number in range(times):
        served.bench.board.put(view(1, f"name {number}"))
        if number % 10 == 0:
            await asyncio.sleep(0)


async def test_a_thousand_devices_come_in_lines_that_are_short_enough(served: Serving) -> None:
    for number in range(1000):
        served.bench.board.put(view(number, LONG))
    seen: set[str] = set()
    async with await Lines.connect(served.path) as client:
        await client.hello(watch=True)
        while len(seen) < 1000:
            line = await client.reader.readline()
            assert len(line) <= 256 * 1024
            seen |= {device["id"] for device in json.loads(line)["devices"]}


async def test_an_answer_that_no_client_could_read_is_refused_in_words(served: Serving) -> None:
    for number in range(1100):
        served.bench.board.put(view(number, LONG))
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(1, "list")
        failure = await client.receive()
        assert failure["type"] == "failure" and "too long" in failure["title"]


async def test_a_stalled_client_costs_no_memory_holds_nobody_up_and_gets_the_newest_state(served: Serving) -> None:
    board = served.bench.board
    for number in range(100):
        board.put(view(number))
    stalled = await asyncio.to_thread(stalled_client, served.path)
    try:
        await until(lambda: served.server.attached == 1, "it is attached")
        async with await Client.connect(served.path) as other:
            tracemalloc.start()
            slowest = await change_and_ask(served, other)
            grown, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        told, bytes_read = await asyncio.to_thread(read_until_newest, stalled)
    finally:
        stalled.close()
    assert slowest < 0.5
    # Twenty updates are 8 MB; what is there is one of them, the views, and what the kernel took.
    assert grown < 3 * 1024 * 1024
    assert bytes_read < 3 * 1024 * 1024
    assert told == {device.id: device.name for device in board.devices.values()}


def stalled_client(path: Path) -> Any:
    sock = bare_socket(path)
    sock.sendall(b'{"type":"hello","protocol":1,"watch":true}\n')
    return sock


async def change_and_ask(served: Serving, other: Client) -> float:
    """Make 10,000 changes of 4,000 bytes each; return the longest time that the other client waited for an answer."""
    slowest = 0.0
    for turn in range(100):
        for number in range(100):
            served.bench.board.put(view(number, f"turn {turn} {LONG}"))
        # In all long enough for twenty updates.
        await asyncio.sleep(0.02)
        asked = time.monotonic()
        await other.ask(ReadEvents())
        slowest = max(slowest, time.monotonic() - asked)
    return slowest


def read_until_newest(sock: Any) -> tuple[dict[str, str], int]:
    names: dict[str, str] = {}
    count = 0
    sock.settimeout(10)
    with sock.makefile("rb") as file:
        while not names or any(not name.startswith("turn 99 ") for name in names.values()):
            line = file.readline()
            count += len(line)
            names |= {device["id"]: device["name"] for device in json.loads(line).get("devices", ())}
    return names, count


# What a client shows is the result of applying updates in order; merged or divided ones must come to the same.

_numbers = st.integers(0, 5)
_updates = st.builds(
    Update,
    devices=st.lists(st.builds(view, _numbers, st.sampled_from("abc"))).map(tuple),
    gone=st.just(()),
    installs=st.lists(st.builds(install, _numbers, st.integers(1, 9))).map(tuple),
    events=st.lists(st.builds(event, st.integers(1, 99)), max_size=3).map(tuple),
    missed=st.integers(0, 3),
    status=st.none() | st.builds(Status, gateway=st.just("g"), version=st.just("0"), pid=_numbers),
    rollout=st.none() | st.builds(RolloutView, id=st.just("r"), by=st.just("t"), at_once=_numbers, devices=st.just(())),
) | st.builds(Update, gone=st.lists(_numbers.map("d{:05}".format), unique=True).map(tuple))


class Shown:
    """What is on a screen."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceView] = {}
        self.installs: dict[str, InstallView] = {}
        self.events: list[Event] = []
        self.missed = 0
        self.status: Status | None = None
        self.rollout: RolloutView | None = None

    def apply(self, update: Update) -> None:
        for key in update.gone:
            self.devices.pop(key, None)
            self.installs.pop(key, None)
        self.devices.update((device.id, device) for device in update.devices)
        self.installs.update((shown.device, shown) for shown in update.installs)
        self.events += update.events
        self.missed += update.missed
        self.status = update.status or self.status
        self.rollout = update.rollout or self.rollout


def shown(updates: list[Update], went: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return what is on the screen in the end, without the installs of devices that went and may have come back."""
    screen = Shown()
    for update in updates:
        screen.apply(update)
    return vars(screen) | {"installs": {key: progress for key, progress in screen.installs.items() if key not in went}}


@given(st.lists(_updates, max_size=8), st.sets(st.integers(0, 8)))
@settings(max_examples=200, deadline=None)
def test_a_mailbox_shows_the_same_however_often_it_is_emptied(updates: list[Update], emptied: set[int]) -> None:
    async def through_mailbox() -> list[Update]:
        mailbox = Mailbox()
        taken = []
        for index, update in enumerate(updates):
            mailbox.put(update)
            if index in emptied and (merged := await mailbox.take()):
                taken.append(merged)
        mailbox.close()
        while merged := await mailbox.take():
            taken.append(merged)
        return taken

    went = frozenset(key for update in updates for key in update.gone)
    assert shown(asyncio.run(through_mailbox()), went) == shown(updates, went)


@given(_updates)
@settings(max_examples=100, deadline=None)
def test_a_divided_update_shows_the_same(update: Update) -> None:
    big = msgspec.structs.replace(
        update, devices=tuple(msgspec.structs.replace(device, name=LONG * 20) for device in update.devices)
    )
    lines = list(update_lines(big))
    assert all(len(line) <= LONGEST_LINE for line in lines)
    messages = [decode_from_engine(line) for line in lines]
    assert shown([message for message in messages if isinstance(message, Update)]) == shown([big])


def test_an_empty_update_is_not_sent() -> None:
    assert list(update_lines(Update())) == []


async def test_a_mailbox_keeps_the_newest_events_and_counts_the_others() -> None:
    mailbox = Mailbox()
    for first in range(0, 1200, 100):
        mailbox.put(Update(events=tuple(event(first + number) for number in range(100)), missed=1))
    update = await mailbox.take()
    assert update is not None
    assert [told.seq for told in update.events] == list(range(700, 1200))
    assert update.missed == 700 + 12
