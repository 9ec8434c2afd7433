"""A rollout is kept until the next one, its login until it is over, and nobody else's devices get that login."""

from pathlib import Path

import msgspec
import pytest

from core.model.records import Login, Purpose
from core.model.rollout import MemberState, RolloutMember, RolloutRecord, RolloutState, Trouble
from core.model.secret import Secret
from core.store.errors import SealError, StoreError
from core.store.store import Store
from tests.store.samples import AT, by_hand

replace = msgspec.structs.replace
LOGIN = Login("admin", Secret("s3cret-Kamera"))
ROLLOUT = RolloutRecord(id="r1", by="tech1", uid=1000, started_at=AT, at_once=4, enable_https=True)
MEMBERS = [
    RolloutMember(
        number=number, device=f"d{number}", name="Lobby", address=f"10.0.0.{number}", task=Purpose.ADD, typed=True
    )
    for number in range(3)
]


async def test_it_comes_back_as_it_was_and_as_it_stands(folder: Path) -> None:
    store = await Store.open(folder)
    assert await store.rollout() is None
    assert await store.rollout_login() is None
    await store.begin_rollout(ROLLOUT, MEMBERS, LOGIN)
    failed = replace(MEMBERS[1], state=MemberState.FAILED, trouble=Trouble.FAILED, reason="No room", ended=1)
    cancelled = replace(ROLLOUT, cancelled_by="tech2")
    await store.put_rollout(cancelled, failed)
    await store.close()
    store = await Store.open(folder)
    assert await store.rollout() == (cancelled, [MEMBERS[0], failed, MEMBERS[2]])
    assert await store.rollout_login() == LOGIN
    await store.close()


async def test_the_login_is_nowhere_in_clear_and_gone_when_it_is_over(store: Store, folder: Path) -> None:
    await store.begin_rollout(ROLLOUT, MEMBERS, LOGIN)
    with by_hand(folder) as database:
        [sealed] = database.execute("SELECT sealed FROM rollouts").fetchone()
    assert sealed
    await store.put_rollout(replace(ROLLOUT, state=RolloutState.FINISHED), is_over=True)
    assert await store.rollout_login() is None
    for path in folder.iterdir():
        assert LOGIN.password.reveal().encode() not in path.read_bytes()


async def test_the_next_one_takes_its_place(store: Store, folder: Path) -> None:
    await store.begin_rollout(ROLLOUT, MEMBERS, LOGIN)
    second = replace(ROLLOUT, id="r2")
    await store.begin_rollout(second, MEMBERS[:1], None)
    assert await store.rollout() == (second, MEMBERS[:1])
    assert await store.rollout_login() is None
    with by_hand(folder) as database:
        assert database.execute("SELECT count(*) FROM rollout_members").fetchone() == (1,)


@pytest.mark.parametrize(
    "changes", [{"address": "10.9.9.9"}, {"pin": "ab" * 32}, {"task": Purpose.REPLACE}, {"typed": False}]
)
async def test_whoever_changes_a_member_gets_no_login(store: Store, folder: Path, changes: dict[str, object]) -> None:
    await store.begin_rollout(ROLLOUT, MEMBERS, LOGIN)
    edited = msgspec.json.encode(replace(MEMBERS[0], **changes)).decode()
    with by_hand(folder) as database:
        database.execute("UPDATE rollout_members SET member = ? WHERE number = 0", (edited,))
    with pytest.raises(SealError, match="does not belong to the devices of the rollout"):
        await store.rollout_login()


async def test_a_lost_key_is_not_made_anew_while_a_rollout_needs_it(folder: Path) -> None:
    store = await Store.open(folder)
    await store.begin_rollout(ROLLOUT, MEMBERS, LOGIN)
    await store.close()
    (folder / "login.key").unlink()
    with pytest.raises(StoreError, match=r"login\.key.* is missing"):
        await Store.open(folder)


async def test_a_member_that_nobody_could_have_written_is_reported(store: Store, folder: Path) -> None:
    await store.begin_rollout(ROLLOUT, MEMBERS, None)
    with by_hand(folder) as database:
        database.execute("UPDATE rollout_members SET member = '{}' WHERE number = 1")
    with pytest.raises(StoreError, match="damaged"):
        await store.rollout()
