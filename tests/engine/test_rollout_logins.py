"""A login that is wrong is tried once on a whole site, whatever cameras do to make it look right, and whenever."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.model.messages import RemoveDevice
from core.model.rollout import MemberState, StartRollout, Trouble
from core.simulator.settings import Quirks, Timing
from tests.engine.conftest import CALLER, CONFIG, Gateway, pass_time, running, until
from tests.engine.test_rollout import cameras, end, find, start, tried, view_of

EAGER = msgspec.structs.replace(CONFIG, retry_period=0.2)


@pytest.fixture
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    async with running(folder, EAGER) as gateway:
        yield gateway


async def test_a_camera_that_lets_strangers_in_says_nothing_about_a_login(gateway: Gateway) -> None:
    slow = {"quirks": Quirks(tells_strangers=True), "timing": Timing(answer=0.1)}
    async with cameras(50, "MX-0", 1, **slow) as lenient, cameras(51, "MX-1", 1) as one, cameras(52, "MX-2", 1) as two:
        await start(gateway, find(gateway, *lenient, *one, *two), password="wrong")
        await end(gateway)
        assert (tried(lenient), tried((*one, *two))) == (1, 0)


async def test_a_refusal_counts_where_a_login_was_missing_before(gateway: Gateway) -> None:
    async with cameras(52, "MX-1", 1) as one, cameras(53, "MX-2", 1) as two, cameras(54, "MX-3", 1) as three:
        found = (*one, *two, *three)
        rows = [(await gateway.add(f"{camera.host}:{camera.https_port}", user="")).id for camera in found]
        await start(gateway, rows, password="wrong")
        await end(gateway)
        assert tried(found) == 1


async def test_a_stored_login_that_was_refused_is_not_tried_again(gateway: Gateway) -> None:
    async with cameras(55, "MX-1", 1) as found:
        device = await gateway.add(f"{found[0].host}:{found[0].https_port}", password="wrong")
        sent = tried(found)
        assert sent == 1
        await gateway.engine.handle(StartRollout(devices=(device.id,)), CALLER)
        await end(gateway)
        assert tried(found) == sent


async def test_one_that_comes_back_late_does_not_get_what_was_refused_meanwhile(folder: Path) -> None:
    async with cameras(56, "MX-1", 1) as away, cameras(57, "MX-2", 1) as there:
        async with running(folder, EAGER) as gateway:
            rows = find(gateway, *away, *there)
            await away[0].power_off()
            await start(gateway, rows, password="wrong")
            assert [device.trouble for device in (await end(gateway)).devices] == [
                Trouble.UNREACHABLE,
                Trouble.LOGIN_REFUSED,
            ]
            # Not even when the one that refused it is gone.
            await gateway.engine.handle(RemoveDevice(device=view_of(gateway).devices[1].device), CALLER)
            await away[0].power_on()
            await pass_time(gateway)
        async with running(folder, EAGER) as gateway:
            await pass_time(gateway)
        assert (tried(away), tried(there)) == (0, 1)


async def test_those_that_come_back_get_an_unproven_login_one_after_another(gateway: Gateway) -> None:
    async with cameras(58, "MX-1", 1) as one, cameras(59, "MX-2", 1) as two, cameras(60, "MX-3", 1) as three:
        away = (*one, *two, *three)
        rows = find(gateway, *away)
        await asyncio.gather(*(camera.power_off() for camera in away))
        await start(gateway, rows, password="wrong")
        await end(gateway)
        await asyncio.gather(*(camera.power_on() for camera in away))
        await until(lambda: tried(away))
        await pass_time(gateway)
        assert tried(away) == 1


async def test_one_that_comes_back_before_its_rollout_is_over_waits_for_that(gateway: Gateway) -> None:
    async with cameras(64, "MX-1", 1) as away, cameras(65, "MX-2", 1) as other, cameras(66, "MX-3", 1) as last:
        device = await gateway.add(f"{other[0].host}:{other[0].https_port}")
        other[0].settings = msgspec.structs.replace(other[0].settings, timing=Timing(key=60.0))
        await other[0].power_cut()
        rows = [*find(gateway, *away), device.id, *find(gateway, *last)]
        await away[0].power_off()
        await start(gateway, rows, password="wrong", reissue=True, at_once=1)
        await until(lambda: view_of(gateway).devices[1].state is MemberState.RUNNING)
        await away[0].power_on()
        await pass_time(gateway)
        assert view_of(gateway).devices[0].trouble is Trouble.UNREACHABLE
        assert tried(away) == 0
