"""Many devices in one go: one of each model goes ahead, and nobody pays for another's failure."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.model.device import CertificateField, Connection
from core.model.errors import RefusedError, UsageError
from core.model.messages import RemoveDevice, StopEngine
from core.model.records import Purpose
from core.model.rollout import (
    CancelRollout,
    MemberState,
    ReadRollout,
    RolloutState,
    RolloutView,
    StartRollout,
    Trouble,
)
from core.model.secret import Secret
from core.model.sighting import Kind, Sighting
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks, Timing
from tests.engine.cameras import credentials, served
from tests.engine.conftest import CALLER, CONFIG, PASSWORD, USER, Gateway, running, until

FAST = Timing(switch=0.02, restart=0.05)
SLOW = Timing(key=60.0)


@asynccontextmanager
async def cameras(net: int, model: str, count: int, **settings: Any) -> AsyncIterator[list[Camera]]:
    """Cameras of one model, each at an address of its own: 127.66.`net`.1 and on."""
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                Camera(
                    CameraSettings(
                        host=f"127.66.{net}.{number}",
                        model=model,
                        serial=f"{net:06}{number:06}",
                        **{"timing": FAST, **settings},
                    )
                )
            )
            for number in range(1, count + 1)
        ]


def find(gateway: Gateway, *found: Camera, with_model: bool = True) -> list[str]:
    """Let discovery tell of cameras; return the ids of their rows."""
    for camera in found:
        sighting = Sighting(
            "test",
            camera.host,
            "",
            ports=(("https", camera.https_port or 0),),
            manufacturer=camera.settings.maker,
            model=camera.settings.model if with_model else "",
            kind=Kind.CAMERA,
        )
        gateway.engine._services.registry.hear(sighting)
    hosts = {camera.host for camera in found}
    return [view.id for view in gateway.engine.board.devices.values() if view.host in hosts]


async def start(gateway: Gateway, devices: Sequence[str], password: str = PASSWORD, **options: Any) -> RolloutView:
    command = StartRollout(devices=tuple(devices), user=USER, password=Secret(password), **options)
    view = await gateway.engine.handle(command, CALLER)
    assert isinstance(view, RolloutView)
    return view


def view_of(gateway: Gateway) -> RolloutView:
    view = gateway.engine.board.rollout()
    assert view is not None
    return view


async def end(gateway: Gateway) -> RolloutView:
    await until(lambda: view_of(gateway).state is not RolloutState.RUNNING)
    return view_of(gateway)


def states(view: RolloutView) -> dict[str, MemberState]:
    return {device.address.partition(":")[0]: device.state for device in view.devices}


async def test_twenty_cameras_of_two_models_at_once_end_with_a_certificate_of_ours(folder: Path) -> None:
    config = msgspec.structs.replace(CONFIG, parallel_installs=20)
    async with running(folder, config) as gateway, cameras(1, "MX-1", 10) as one, cameras(2, "MX-2", 10) as two:
        subscription = gateway.engine.board.subscribe(lambda: None)
        first = subscription.take()
        assert first is not None and first.rollout is None
        begun = await start(gateway, find(gateway, *one, *two))
        assert begun.at_once == 20
        assert {device.task for device in begun.devices} == {Purpose.ADD}
        update = subscription.take()
        assert update is not None and update.rollout is not None and update.rollout.done == 0
        view = await end(gateway)
        update = subscription.take()
        assert update is not None and update.rollout == view
        subscription.close()
        assert (view.state, view.done, view.total, view.by) == (RolloutState.FINISHED, 20, 20, "tech1")
        assert {device.certificate for device in view.devices} == {CertificateField.ARCULES}
        assert [device.canary for device in view.devices] == [True, *[False] * 9] * 2
        for device, camera in zip(view.devices, (*one, *two), strict=True):
            assert gateway.view(device.device).fingerprint == await served(camera)
        await until(lambda: len(told(gateway)) == 2)
        assert told(gateway) == [("tech1", "rollout of 20 devices begun"), ("tech1", "rollout finished: 20 succeeded")]


def told(gateway: Gateway) -> list[tuple[str, str]]:
    events, _ = gateway.engine.board.events_after(0)
    return [(event.who, event.text) for event in events if event.kind == "rollout"]


def tried(found: Sequence[Camera]) -> int:
    """How many requests with a login these cameras have got."""
    return sum(len(credentials(camera)) for camera in found)


def untouched(camera: Camera) -> bool:
    return not camera.log.connections and not camera.log.requests


async def test_where_the_first_of_a_model_fails_the_rest_of_it_is_not_touched(gateway: Gateway) -> None:
    async with (
        cameras(4, "MX-1", 1, quirks=Quirks(keys_fail=True)) as bad,
        cameras(5, "MX-1", 3) as alike,
        cameras(6, "MX-2", 1) as others,
    ):
        await start(gateway, find(gateway, *bad, *alike, *others))
        view = await end(gateway)
        assert all(untouched(camera) for camera in alike)
        became = states(view)
        assert became[bad[0].host] is MemberState.FAILED
        assert {became[camera.host] for camera in alike} == {MemberState.NOT_STARTED}
        assert {became[camera.host] for camera in others} == {MemberState.SUCCEEDED}
        first, left = view.devices[0], view.devices[1]
        assert (first.canary, first.trouble) == (True, Trouble.FAILED)
        assert left.reason == f"The first MX-1, {first.name} ({first.address}), failed: {first.reason}"
        assert {found.id for found in gateway.engine.board.devices.values() if found.host in {alike[0].host}} == {
            left.device
        }


async def test_a_login_that_is_refused_once_is_tried_once_on_the_whole_site(gateway: Gateway) -> None:
    async with cameras(7, "MX-1", 3) as one, cameras(8, "MX-2", 3) as two:
        await start(gateway, find(gateway, *one, *two), password="wrong")
        view = await end(gateway)
        assert tried((*one, *two)) == 1
        assert all(untouched(camera) for camera in (*one[1:], *two))
        first = view.devices[0]
        assert (first.state, first.trouble) == (MemberState.FAILED, Trouble.LOGIN_REFUSED)
        assert {device.state for device in view.devices[1:]} == {MemberState.NOT_STARTED}
        assert {device.reason for device in view.devices[1:]} == {
            f"The login was refused on {first.name} ({first.address})"
        }


async def test_a_device_of_unknown_model_goes_ahead_alone(gateway: Gateway) -> None:
    async with cameras(9, "MX-1", 1, timing=Timing(key=0.6)) as slow, cameras(10, "MX-1", 1) as others:
        await start(gateway, find(gateway, *slow, *others, with_model=False))
        await until(lambda: "GetKeyStatus" in slow[0].log.operations())
        await until(lambda: view_of(gateway).devices[0].model)
        assert all(untouched(camera) for camera in others)
        assert view_of(gateway).devices[0].model == "MX-1"
        assert set(states(await end(gateway)).values()) == {MemberState.SUCCEEDED}


async def test_a_camera_that_is_switched_off_stops_nobody_else(gateway: Gateway) -> None:
    async with cameras(11, "MX-1", 2) as found:
        rows = find(gateway, *found)
        await found[0].power_off()
        await start(gateway, rows)
        view = await end(gateway)
        assert list(states(view).values()) == [MemberState.FAILED, MemberState.SUCCEEDED]
        assert view.devices[0].trouble is Trouble.UNREACHABLE


async def test_a_cancelled_rollout_begins_with_nobody_more_and_ends_what_it_began(gateway: Gateway) -> None:
    async with cameras(12, "MX-1", 3, timing=Timing(key=0.4, switch=0.02, restart=0.05)) as found:
        await start(gateway, find(gateway, *found))
        await until(lambda: "GetKeyStatus" in found[0].log.operations())
        view = await gateway.engine.handle(CancelRollout(), CALLER)
        assert isinstance(view, RolloutView)
        assert (view.state, view.cancelled_by) == (RolloutState.RUNNING, "tech1")
        view = await end(gateway)
        assert view.state is RolloutState.CANCELLED
        assert list(states(view).values()) == [MemberState.SUCCEEDED, *[MemberState.NOT_STARTED] * 2]
        assert view.devices[1].reason == "The rollout was cancelled by tech1"
        assert all(untouched(camera) for camera in found[1:])
        with pytest.raises(RefusedError, match="No rollout is under way"):
            await gateway.engine.handle(CancelRollout(), CALLER)


async def test_there_is_one_rollout_at_a_time(gateway: Gateway) -> None:
    async with cameras(13, "MX-1", 2, timing=SLOW) as found:
        rows = find(gateway, *found)
        with pytest.raises(RefusedError, match="no rollout yet"):
            await gateway.engine.handle(ReadRollout(), CALLER)
        begun = await start(gateway, rows)
        with pytest.raises(RefusedError, match="A rollout of 2 devices is under way, begun by tech1"):
            await start(gateway, rows)
        assert gateway.engine.busy()
        with pytest.raises(RefusedError, match="A rollout is under way"):
            await gateway.engine.handle(StopEngine(), CALLER)
        read = await gateway.engine.handle(ReadRollout(), CALLER)
        assert isinstance(read, RolloutView) and read.id == begun.id


async def test_what_is_done_follows_from_the_state_of_each(gateway: Gateway) -> None:
    async with (
        cameras(14, "MX-1", 2) as ours,
        cameras(15, "MX-2", 1, https_enabled=False) as http,
        cameras(16, "MX-3", 1) as own,
        cameras(17, "MX-4", 1, quirks=Quirks(forgets_assignment=True)) as blocked,
    ):
        added = await asyncio.gather(
            *(gateway.add(f"{camera.host}:{camera.https_port}") for camera in (ours[0], *blocked)),
            *(gateway.add(f"http://{camera.host}:{camera.http_port}") for camera in http),
            *(gateway.add(f"{camera.host}:{camera.https_port}", user="") for camera in own),
        )
        await blocked[0].power_cut()
        await until(lambda: gateway.view(added[1].id).connection is Connection.BLOCKED)
        sent = blocked[0].log.received("https")
        rows = [device.id for device in added] + find(gateway, ours[1])
        await start(gateway, rows, enable_https=True)
        view = await end(gateway)
        assert [(device.task, device.state) for device in view.devices] == [
            (None, MemberState.SKIPPED),
            (None, MemberState.SKIPPED),
            (Purpose.REPLACE, MemberState.SUCCEEDED),
            (Purpose.REPLACE, MemberState.SUCCEEDED),
            (Purpose.ADD, MemberState.SUCCEEDED),
        ]
        assert (view.total, view.devices[1].trouble) == (3, Trouble.BLOCKED)
        assert blocked[0].log.received("https") == sent
        assert gateway.view(added[0].id).fingerprint == added[0].fingerprint
        assert {gateway.view(device.id).certificate_field for device in added[2:]} == {CertificateField.ARCULES}


async def test_the_whole_site_is_all_but_what_says_that_it_is_no_camera(gateway: Gateway) -> None:
    gateway.engine._services.registry.hear(Sighting("test", "127.66.19.9", "", name="Printer", kind=Kind.OTHER))
    async with cameras(19, "MX-1", 1) as found:
        device = await gateway.add(f"{found[0].host}:{found[0].https_port}")
        # Those that have our certificate get another where that is asked for, by their stored login.
        await gateway.engine.handle(StartRollout(everything=True, reissue=True, at_once=1), CALLER)
        view = await end(gateway)
        assert [(one.task, one.state) for one in view.devices] == [(Purpose.REISSUE, MemberState.SUCCEEDED)]
        assert view.at_once == 1
        assert gateway.view(device.id).fingerprint == await served(found[0]) != device.fingerprint


async def test_one_that_is_decided_about_before_its_turn_is_not_started(gateway: Gateway) -> None:
    async with cameras(20, "MX-1", 2, timing=Timing(key=0.5)) as found:
        rows = [(await gateway.add(f"{camera.host}:{camera.https_port}", user="")).id for camera in found]
        seen = len(found[1].log.requests)
        await start(gateway, rows)
        await until(lambda: "GetKeyStatus" in found[0].log.operations())
        await gateway.engine.handle(RemoveDevice(device=rows[1]), CALLER)
        view = await end(gateway)
        assert view.devices[1].state is MemberState.NOT_STARTED
        assert "is not what it was when the rollout began" in view.devices[1].reason
        assert view.devices[1].hint.startswith("It was removed meanwhile by tech1.")
        assert len(found[1].log.requests) == seen


async def test_one_that_is_removed_meanwhile_does_not_hold_it_up(gateway: Gateway) -> None:
    async with cameras(21, "MX-1", 1, timing=SLOW) as found:
        await start(gateway, find(gateway, *found))
        await until(lambda: "GetKeyStatus" in found[0].log.operations())
        await gateway.engine.handle(RemoveDevice(device=view_of(gateway).devices[0].device), CALLER)
        device = (await end(gateway)).devices[0]
        assert (device.state, device.trouble) == (MemberState.FAILED, Trouble.CANCELLED)
        assert device.device not in gateway.engine.board.devices


@pytest.mark.parametrize(
    "command",
    [
        StartRollout(),
        StartRollout(devices=("127.66.24.1",), everything=True),
        StartRollout(everything=True),
        StartRollout(everything=True, at_once=0),
    ],
)
async def test_what_cannot_be_meant_is_refused(gateway: Gateway, command: StartRollout) -> None:
    with pytest.raises(UsageError):
        await gateway.engine.handle(command, CALLER)


async def test_an_unknown_device_is_refused_before_anything_is_begun(gateway: Gateway) -> None:
    async with cameras(25, "MX-1", 1) as found:
        rows = find(gateway, *found)
        with pytest.raises(RefusedError, match="There is no device 'nobody'"):
            await start(gateway, [*rows, "nobody"])
        assert gateway.engine.board.rollout() is None
        assert untouched(found[0])
