"""Who is attached, as everybody is told."""

import os
import pwd
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.helpers import Lines, Serving, serving

OWN = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as serving_now:
        yield serving_now


async def attached(client: Lines, count: int) -> list[dict[str, Any]]:
    """Return who is attached, once a watching client has been told of so many."""
    while True:
        status = (await client.receive()).get("status") or {}
        if len(status.get("attached", ())) == count:
            people: list[dict[str, Any]] = status["attached"]
            return people


async def test_everybody_is_told_of_each_who_comes_and_goes(served: Serving) -> None:
    async with await Lines.connect(served.path) as first:
        await first.hello(watch=True, client="screens on pts/3")
        [own] = await attached(first, 1)
        assert (own["user"], own["role"], own["place"]) == (OWN, "operator", "screens on pts/3")
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", own["since"])
        async with await Lines.connect(served.path) as second:
            welcome = await second.hello(watch=True, role="viewer", client="monitor on tty1")
            assert welcome["status"]["attached"] == [own]
            assert await attached(first, 2) == await attached(second, 2)
        assert await attached(first, 1) == [own]


async def test_a_client_that_does_not_watch_is_no_news(served: Serving) -> None:
    async with await Lines.connect(served.path) as watching, await Lines.connect(served.path) as asking:
        await watching.hello(watch=True)
        await attached(watching, 1)
        await asking.hello(client="list")
        await asking.request(1, "list")
        assert (await asking.receive())["type"] == "reply"
        served.bench.board.status_changed()
        assert len((await watching.receive())["status"]["attached"]) == 1


async def test_what_a_client_says_of_itself_is_cleaned_and_short(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello(watch=True, client="\x1b]52;c;aGk=\x07" + "x" * 100_000)
        [own] = await attached(client, 1)
    assert own["place"].startswith("⟨001B⟩]52;c;") and len(own["place"]) <= 32
