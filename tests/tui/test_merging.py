import asyncio

from tui.merging import Merging
from tui.site import Change

GAP = 0.05
DEADLINE = 5.0


async def told(changes: list[Change], count: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while len(changes) < count:
            await asyncio.sleep(GAP / 10)


async def test_the_first_change_is_told_at_once_and_those_behind_it_as_one() -> None:
    changes: list[Change] = []
    merging = Merging(changes.append, GAP)
    merging.add(Change(devices=frozenset("a"), events=1))
    assert changes == [Change(devices=frozenset("a"), events=1)]
    merging.add(Change(devices=frozenset("b"), installs=frozenset("b"), events=2, missed=True))
    merging.add(Change(devices=frozenset("c"), status=True, link=True, rollout_ended=True))
    assert len(changes) == 1
    await told(changes, 2)
    assert changes[1] == Change(
        frozenset("bc"), frozenset("b"), 2, missed=True, status=True, link=True, rollout_ended=True
    )


async def test_after_a_rest_a_change_is_told_at_once_again() -> None:
    changes: list[Change] = []
    merging = Merging(changes.append, GAP)
    merging.add(Change(status=True))
    merging.add(Change(link=True))
    await told(changes, 2)
    await asyncio.sleep(2 * GAP)
    merging.add(Change(missed=True))
    assert changes == [Change(status=True), Change(link=True), Change(missed=True)]


async def test_who_is_gone_is_told_nothing_more() -> None:
    changes: list[Change] = []
    merging = Merging(changes.append, GAP)
    merging.add(Change(status=True))
    merging.add(Change(link=True))
    merging.stop()
    await asyncio.sleep(2 * GAP)
    assert changes == [Change(status=True)]
