"""The newest rollout, its members and its login. Every function works within the transaction that is open."""

import sqlite3
from collections.abc import Sequence

import msgspec

from core.model.records import Login
from core.model.rollout import RolloutMember, RolloutRecord
from core.store.logins import RolloutBinding, Vault


def begin(
    connection: sqlite3.Connection,
    vault: Vault,
    rollout: RolloutRecord,
    members: Sequence[RolloutMember],
    login: Login | None,
) -> None:
    """Store a rollout in place of the one before. Its login opens only for these devices, where they are now."""
    sealed = None if login is None else vault.seal(login, _binding(rollout.id, members))
    connection.execute("DELETE FROM rollouts")
    connection.execute(
        "INSERT INTO rollouts (id, record, sealed) VALUES (?, ?, ?)", (rollout.id, _text(rollout), sealed)
    )
    connection.executemany(
        "INSERT INTO rollout_members (rollout, number, member) VALUES (?, ?, ?)",
        [(rollout.id, member.number, _text(member)) for member in members],
    )


def update(connection: sqlite3.Connection, rollout: RolloutRecord, members: Sequence[RolloutMember]) -> None:
    """Store how a rollout, and some of its members, stand now."""
    connection.execute("UPDATE rollouts SET record = ? WHERE id = ?", (_text(rollout), rollout.id))
    connection.executemany(
        "UPDATE rollout_members SET member = ? WHERE rollout = ? AND number = ?",
        [(_text(member), rollout.id, member.number) for member in members],
    )


def forget_login(connection: sqlite3.Connection) -> None:
    """Remove the login that was typed."""
    connection.execute("UPDATE rollouts SET sealed = NULL")


def newest(connection: sqlite3.Connection) -> tuple[RolloutRecord, list[RolloutMember]] | None:
    """Return the rollout and its members in their order, None where there never was one."""
    row = connection.execute("SELECT record FROM rollouts").fetchone()
    if row is None:
        return None
    members = connection.execute("SELECT member FROM rollout_members ORDER BY number")
    return (
        msgspec.json.decode(row["record"], type=RolloutRecord),
        [msgspec.json.decode(row["member"], type=RolloutMember) for row in members],
    )


def login(connection: sqlite3.Connection, vault: Vault) -> Login | None:
    """Return the login that was typed, if one was. Raises `SealError` where the members were changed by others."""
    row, stored = connection.execute("SELECT sealed FROM rollouts").fetchone(), newest(connection)
    if row is None or stored is None or row["sealed"] is None:
        return None
    rollout, members = stored
    return vault.open(row["sealed"], _binding(rollout.id, members))


def _binding(rollout: str, members: Sequence[RolloutMember]) -> RolloutBinding:
    return RolloutBinding(rollout, tuple((member.address, member.pin, member.task, member.typed) for member in members))


def _text(value: RolloutRecord | RolloutMember) -> str:
    return msgspec.json.encode(value).decode()
