"""What the gateway keeps: devices, certificates and pins, logins, installs with their journal, and the history."""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from core.decide.certificates import fingerprint as fingerprint_of
from core.files import check_private_file, create_private
from core.model.messages import Event
from core.model.records import DeviceRecord, InstallRecord, JournalEntry, Login, Pin
from core.model.rollout import RolloutMember, RolloutRecord
from core.store import certificates, devices, events, installs, rollouts
from core.store.errors import SealError, StoreError, damaged
from core.store.events import Head, NewEvent
from core.store.logins import Vault, has_key, load_vault
from core.store.schema import migrate, version
from core.store.writer import Writer

__all__ = ["Head", "NewEvent", "SealError", "Store", "StoreError"]

_DATABASE = "state.db"


class Store:
    """The database of one state folder, whose lock the caller holds.

    Each method is one transaction, which is on the disk when it returns. All raise `StoreError` where the database
    cannot be read or written; then nothing was stored.
    """

    def __init__(self, writer: Writer, vault: Vault) -> None:
        self._writer = writer
        self._vault = vault

    @classmethod
    async def open(cls, folder: Path) -> "Store":
        """Open the database and the key of the logins in `folder`, or make both at first start.

        Raises `UnsafeStateError` where a file is not private (rule R38), `StoreError` where one is missing, damaged or
        of a newer camtrust. An older database is brought up to date, after a copy was made.
        """
        path = await asyncio.to_thread(_checked, folder)
        writer = await Writer.open(path)
        try:
            vault = await writer.read(lambda connection: _prepare(connection, path))
        except BaseException:
            await writer.close()
            raise
        return cls(writer, vault)

    async def close(self) -> None:
        """Finish what was begun, and close the database. Afterwards every method raises `StoreError`."""
        await self._writer.close()

    async def devices(self) -> list[DeviceRecord]:
        """Return all devices, in the order in which they were added."""
        return await self._writer.read(devices.every)

    async def put_device(self, device: DeviceRecord) -> None:
        """Insert the device, or update everything but its login, which goes on belonging to it.

        Raises `ValueError` if the certificate of its pin is not stored.
        """
        await self._writer.write(lambda c: devices.put(c, self._vault, device))

    async def put_devices(self, changes: Sequence[tuple[DeviceRecord, NewEvent]]) -> list[Event]:
        """Do that for several devices at once, each with the event that tells of it.

        Raises `ValueError` if the certificate of a pin is not stored.
        """

        def work(connection: sqlite3.Connection) -> list[Event]:
            for device, _ in changes:
                devices.put(connection, self._vault, device)
            return [events.append(connection, event) for _, event in changes]

        return await self._writer.write(work)

    async def remove_device(self, device: str, event: NewEvent) -> Event:
        """Remove the device and its login, and add the event that tells of it. History, pins and installs stay."""

        def work(connection: sqlite3.Connection) -> Event:
            devices.remove(connection, device)
            return events.append(connection, event)

        return await self._writer.write(work)

    async def login(self, device: str) -> Login | None:
        """Return the device's login. Raises `SealError` where device, host, port or pin were changed by others.

        Only `put_device`, `pin` and `put_login` seal a login for what the row says (rule R37).
        """
        return await self._writer.read(lambda c: devices.login(c, self._vault, device))

    async def put_login(self, device: str, login: Login | None) -> None:
        """Replace the device's login, or remove it. Raises `ValueError` if there is no such device."""
        await self._writer.write(lambda c: devices.put_login(c, self._vault, device, login))

    async def put_certificate(self, der: bytes) -> str:
        """Store a raw certificate, readable or not (rule R36), once; return its fingerprint."""
        found = fingerprint_of(der)
        await self._writer.write(lambda c: certificates.put(c, found, der))
        return found

    async def certificate(self, fingerprint: str) -> bytes | None:
        """Return the raw certificate, or None."""
        return await self._writer.read(lambda c: certificates.get(c, fingerprint))

    async def pin(self, device: DeviceRecord, install: InstallRecord | None, event: NewEvent) -> Event:
        """Store the device with its new pin, the pin's place in the history, the install and the event, all at once.

        Raises `ValueError` if the device has no pin, or the pin's certificate is not stored.
        """

        def work(connection: sqlite3.Connection) -> Event:
            devices.add_pin(connection, self._vault, device)
            if install is not None:
                installs.put(connection, install)
            return events.append(connection, event)

        return await self._writer.write(work)

    async def pins(self, device: str) -> list[Pin]:
        """Return all pins that the device ever had, oldest first."""
        return await self._writer.read(lambda c: devices.pins(c, device))

    async def known_keys(self, except_device: str) -> dict[str, str]:
        """Return the key fingerprint of every other device's pinned certificate, with the device's name."""
        return await self._writer.read(lambda c: devices.known_keys(c, except_device))

    async def put_install(self, install: InstallRecord) -> None:
        """Insert or update an install. Raises `ValueError` if the certificate of its candidate is not stored."""
        await self._writer.write(lambda c: installs.put(c, install))

    async def open_installs(self) -> list[InstallRecord]:
        """Return the installs that are not closed, in the order in which they were begun."""
        return await self._writer.read(installs.still_open)

    async def installs(self, device: str) -> list[InstallRecord]:
        """Return the device's installs, in the order in which they were begun."""
        return await self._writer.read(lambda c: installs.of_device(c, device))

    async def journal(self, entry: JournalEntry) -> None:
        """Write a line of the journal of a stored install: what it announces may be done when this returns."""
        await self._writer.write(lambda c: installs.note(c, entry))

    async def journal_of(self, install: str) -> list[JournalEntry]:
        """Return the journal of an install, oldest line first."""
        return await self._writer.read(lambda c: installs.journal(c, install))

    async def begin_rollout(
        self, rollout: RolloutRecord, members: Sequence[RolloutMember], login: Login | None
    ) -> None:
        """Store a rollout in place of the one before, with the login that was typed for it, sealed."""
        await self._writer.write(lambda c: rollouts.begin(c, self._vault, rollout, members, login))

    async def put_rollout(self, rollout: RolloutRecord, *members: RolloutMember, is_over: bool = False) -> None:
        """Store how the rollout, and some of its members, stand. One that is over needs its login no more."""

        def work(connection: sqlite3.Connection) -> None:
            rollouts.update(connection, rollout, members)
            if is_over:
                rollouts.forget_login(connection)

        await self._writer.write(work)

    async def rollout(self) -> tuple[RolloutRecord, list[RolloutMember]] | None:
        """Return the newest rollout and its members, None where there never was one."""
        return await self._writer.read(rollouts.newest)

    async def rollout_login(self) -> Login | None:
        """Return the login that was typed for the rollout. Raises `SealError` where its devices were changed."""
        return await self._writer.read(lambda c: rollouts.login(c, self._vault))

    async def candidates(self, fingerprints: Iterable[str]) -> set[str]:
        """Return which of these certificates were signed by an install."""
        wanted = tuple(fingerprints)
        return await self._writer.read(lambda c: installs.candidates(c, wanted))

    async def last_journal_of(self, manufacturer: str, model: str) -> list[JournalEntry]:
        """Return the journal of the last install of a model that came to a good end; nothing where there is none."""
        return await self._writer.read(lambda c: installs.last_journal(c, manufacturer, model))

    async def add_event(self, event: NewEvent) -> Event:
        """Add an event to the history; return it with its number."""
        return await self._writer.write(lambda c: events.append(c, event))

    async def events(self, limit: int, device: str | None = None) -> list[Event]:
        """Return the newest `limit` events, of one device or of all, oldest first."""
        return await self._writer.read(lambda c: events.newest(c, limit, device))

    async def events_head(self) -> Head:
        """Return number and hash of the newest event, for noting where this account cannot change it (rule R43)."""
        return await self._writer.read(events.head)

    async def verify_events(self, noted: Head | None = None) -> int | None:
        """Return the number of the first event that is not as it was written, or None if all are.

        Without a `noted` head a history that was cut off at its end, or computed anew, cannot be told from a true one.
        """
        return await self._writer.read(lambda c: events.first_broken(c, noted))


def _checked(folder: Path) -> Path:
    """Return the path of the database: private, and made here only where no gateway has been before."""
    folder = folder.absolute()
    path = folder / _DATABASE
    if not has_key(folder):
        with suppress(FileExistsError):
            create_private(folder, _DATABASE, b"")
    try:
        check_private_file(path)
    except FileNotFoundError:
        raise damaged(path, "it is missing, though this gateway was used before") from None
    for beside in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            check_private_file(path.with_name(path.name + beside))
    return path


def _prepare(connection: sqlite3.Connection, path: Path) -> Vault:
    folder = path.parent
    if has_key(folder) and version(connection) == 0:
        raise damaged(path, "it is empty, though this gateway was used before")
    migrate(connection, path)
    return load_vault(folder, needed=_has_logins(connection))


def _has_logins(connection: sqlite3.Connection) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM logins) OR EXISTS (SELECT 1 FROM rollouts WHERE sealed IS NOT NULL)"
    return bool(connection.execute(query).fetchone()[0])
