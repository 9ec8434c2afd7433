"""The history as it grows, against an engine with ready answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from core.model.messages import Event, ReadEvents, ShowDevice
from tests.cli.conftest import Scene
from tests.cli.scripted import DOCK, EVENT, LOBBY
from tests.cli.shell import ended_by


def event(seq: int, device: str = DOCK.id) -> Event:
    return msgspec.structs.replace(EVENT, seq=seq, device=device, text=f"number {seq}")


def happen(scene: Scene, *events: Event) -> None:
    scene.engine.events += events
    for one in events:
        scene.engine.board.add_event(one)


@asynccontextmanager
async def following(scene: Scene, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await scene.shell.start("events", "--follow", *options)
    async with ended_by(process):
        yield process


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def test_what_is_there_is_told_and_then_what_happens(scene: Scene) -> None:
    async with following(scene) as process:
        assert await line(process) == "2026-11-24T07:00:00Z  tech1       Loading dock          added by tech1\n"
        happen(scene, event(8), event(9))
        assert [await line(process), await line(process)] == [
            "2026-11-24T07:00:00Z  tech1       Loading dock          number 8\n",
            "2026-11-24T07:00:00Z  tech1       Loading dock          number 9\n",
        ]

    assert scene.engine.asked == [ReadEvents(limit=100)]


async def test_json_is_one_object_a_line(scene: Scene) -> None:
    async with following(scene, "--json", "--limit", "5") as process:
        assert json.loads(await line(process))["seq"] == 7
        happen(scene, event(8))
        assert json.loads(await line(process)) == msgspec.to_builtins(event(8))

    assert scene.engine.asked == [ReadEvents(limit=5)]


async def test_events_of_other_devices_are_left_out(scene: Scene) -> None:
    async with following(scene, "--device", "Loading dock", "--json") as process:
        await line(process)
        happen(scene, event(8, LOBBY.id), event(9), event(10, LOBBY.id), event(11))
        assert [json.loads(await line(process))["seq"] for _ in range(2)] == [9, 11]

    assert scene.engine.asked == [ShowDevice(device="Loading dock"), ReadEvents(device="Loading dock")]


async def test_more_at_once_than_is_told_one_by_one_are_all_told_once_and_in_order(scene: Scene) -> None:
    async with following(scene, "--json") as process:
        await line(process)
        happen(scene, *(event(seq) for seq in range(8, 1208)))
        assert [json.loads(await line(process))["seq"] for _ in range(1200)] == list(range(8, 1208))

    assert len(scene.engine.asked) > 1


async def test_a_device_that_does_not_exist_is_not_waited_for(scene: Scene) -> None:
    followed = await scene.shell.run("events", "--follow", "--device", "nothing")

    assert (followed.code, followed.out) == (1, b"")
    assert followed.err == "camtrust: There is no device 'nothing'\n  camtrust list shows them.\n"
