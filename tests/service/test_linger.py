import asyncio
from pathlib import Path

import pytest

from core.service.linger import alone
from tests.service.helpers import Lines, serving, until


def idle() -> bool:
    return False


async def test_it_waits_for_the_first_client_longer_than_for_the_next(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        ending = asyncio.create_task(alone(served.server, idle, 0.0, first_client=60, least=0.02))
        async with await Lines.connect(served.path) as client:
            await client.hello()
            assert not ending.done()
        await asyncio.wait_for(ending, 5)


async def test_it_ends_where_no_client_ever_comes(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        await asyncio.wait_for(alone(served.server, idle, 0.0, first_client=0.02, least=0.02), 5)


async def test_it_stays_while_a_client_is_attached(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, await Lines.connect(served.path) as client:
        await client.hello()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(alone(served.server, idle, 0.0, first_client=0.01, least=0.01), 0.2)


async def test_it_stays_while_something_is_under_way(tmp_path: Path) -> None:
    asked = 0

    def busy() -> bool:
        nonlocal asked
        asked += 1
        return asked < 4

    async with serving(tmp_path) as served:
        await asyncio.wait_for(alone(served.server, busy, 0.0, first_client=0.01, least=0.01), 5)
    assert asked == 4


async def test_the_time_begins_anew_with_each_client(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        ending = asyncio.create_task(alone(served.server, idle, 0.2, first_client=60, least=0.0))
        loop = asyncio.get_running_loop()
        for _ in range(3):
            async with await Lines.connect(served.path) as client:
                await client.hello()
            await until(lambda: served.server.attached == 0, "it left")
            left = loop.time()
        await asyncio.wait_for(ending, 5)
        assert loop.time() - left >= 0.15
