"""Devices, their logins and pins. Every function works within the transaction that is open."""

import sqlite3
from typing import Any

import msgspec

from core.model.records import DeviceRecord, Login, Pin
from core.store.certificates import require
from core.store.errors import SealError
from core.store.logins import Binding, Vault

_PUT = """
    INSERT INTO devices (
        id, name, host, port, scheme, path, endpoint, manufacturer, model, firmware, serial, mac,
        tls, weak_tls, pin, pin_origin, pin_at, pin_by, pin_reason, presented, presented_host, presented_port, video,
        attention, added_at, added_by
    ) VALUES (
        :id, :name, :host, :port, :scheme, :path, :endpoint, :manufacturer, :model, :firmware, :serial, :mac,
        :tls, :weak_tls, :pin, :pin_origin, :pin_at, :pin_by, :pin_reason, :presented, :presented_host, :presented_port,
        :video, :attention, :added_at, :added_by
    )
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, host = excluded.host, port = excluded.port, scheme = excluded.scheme,
        path = excluded.path, endpoint = excluded.endpoint, manufacturer = excluded.manufacturer,
        model = excluded.model, firmware = excluded.firmware, serial = excluded.serial, mac = excluded.mac,
        tls = excluded.tls, weak_tls = excluded.weak_tls,
        pin = excluded.pin, pin_origin = excluded.pin_origin, pin_at = excluded.pin_at, pin_by = excluded.pin_by,
        pin_reason = excluded.pin_reason, presented = excluded.presented,
        presented_host = excluded.presented_host, presented_port = excluded.presented_port,
        video = excluded.video, attention = excluded.attention,
        added_at = excluded.added_at, added_by = excluded.added_by
"""


def every(connection: sqlite3.Connection) -> list[DeviceRecord]:
    """Return all devices, in the order in which they were added."""
    return [_from_row(row) for row in connection.execute("SELECT * FROM devices ORDER BY rowid")]


def put(connection: sqlite3.Connection, vault: Vault, device: DeviceRecord) -> None:
    """Insert the device or update all of it. Its login goes on belonging to it where host, port or pin changed.

    Raises `ValueError` if the certificate of its pin is not stored.
    """
    if device.pin is not None:
        require(connection, device.pin.fingerprint)
    before = _binding(connection, device.id)
    connection.execute(_PUT, _to_row(device))
    after = _binding(connection, device.id)
    if before is not None and after is not None and before != after:
        _seal_anew(connection, vault, before, after)


def remove(connection: sqlite3.Connection, device: str) -> None:
    """Remove the device; its login goes with it."""
    connection.execute("DELETE FROM devices WHERE id = ?", (device,))


def login(connection: sqlite3.Connection, vault: Vault, device: str) -> Login | None:
    """Return the login, opened for the row as it is stored. Raises `SealError`."""
    binding, sealed = _binding(connection, device), _sealed(connection, device)
    return None if binding is None or sealed is None else vault.open(sealed, binding)


def put_login(connection: sqlite3.Connection, vault: Vault, device: str, new: Login | None) -> None:
    """Replace the login, or remove it. Raises `ValueError` if there is no such device."""
    binding = _binding(connection, device)
    if binding is None:
        raise ValueError(f"no device {device}")
    connection.execute("DELETE FROM logins WHERE device = ?", (device,))
    if new is not None:
        connection.execute("INSERT INTO logins (device, sealed) VALUES (?, ?)", (device, vault.seal(new, binding)))


def add_pin(connection: sqlite3.Connection, vault: Vault, device: DeviceRecord) -> None:
    """Put the device, and its pin into the history. Raises `ValueError` without a pin whose certificate is stored."""
    if device.pin is None:
        raise ValueError(f"device {device.id} has no pin")
    before = _binding(connection, device.id)
    put(connection, vault, device)
    connection.execute(
        """
        INSERT INTO pins (device, previous, fingerprint, origin, at, by, reason)
        VALUES (:device, :previous, :fingerprint, :origin, :at, :by, :reason)
        """,
        {"device": device.id, "previous": before and before.pin, **msgspec.structs.asdict(device.pin)},
    )


def pins(connection: sqlite3.Connection, device: str) -> list[Pin]:
    """Return the device's pins, oldest first."""
    rows = connection.execute(
        "SELECT fingerprint, origin, at, by, reason FROM pins WHERE device = ? ORDER BY seq", (device,)
    )
    return [msgspec.convert(dict(row), Pin) for row in rows]


def known_keys(connection: sqlite3.Connection, except_device: str) -> dict[str, str]:
    """Return the fingerprint of the key in each other device's pinned certificate, with the device's name."""
    rows = connection.execute(
        """
        SELECT key_fingerprint, name FROM devices JOIN certificates ON fingerprint = pin
        WHERE id != ? AND key_fingerprint != ''
        """,
        (except_device,),
    )
    return {row["key_fingerprint"]: row["name"] for row in rows}


def _binding(connection: sqlite3.Connection, device: str) -> Binding | None:
    row = connection.execute("SELECT id, host, port, pin FROM devices WHERE id = ?", (device,)).fetchone()
    return Binding(*row) if row else None


def _sealed(connection: sqlite3.Connection, device: str) -> bytes | None:
    row = connection.execute("SELECT sealed FROM logins WHERE device = ?", (device,)).fetchone()
    return row["sealed"] if row else None


def _seal_anew(connection: sqlite3.Connection, vault: Vault, before: Binding, after: Binding) -> None:
    sealed = _sealed(connection, before.device)
    if sealed is None:
        return
    try:
        login = vault.open(sealed, before)
    except SealError:
        # It stays as it is, and shut: whoever asks for it is told.
        return
    put_login(connection, vault, after.device, login)


def _to_row(device: DeviceRecord) -> dict[str, Any]:
    pin = device.pin
    return msgspec.structs.asdict(device) | {
        "pin": pin and pin.fingerprint,
        "pin_origin": pin and pin.origin,
        "pin_at": pin and pin.at,
        "pin_by": pin and pin.by,
        "pin_reason": pin and pin.reason,
        "attention": msgspec.json.encode(device.attention).decode(),
    }


def _from_row(row: sqlite3.Row) -> DeviceRecord:
    fields = dict(row) | {"weak_tls": bool(row["weak_tls"])}
    pin = {name: fields.pop(f"pin_{name}") for name in ("origin", "at", "by")}
    pin["reason"] = fields.pop("pin_reason") or ""
    fields["pin"] = fields["pin"] and pin | {"fingerprint": fields["pin"]}
    fields["attention"] = msgspec.json.decode(fields["attention"])
    return msgspec.convert(fields, DeviceRecord)
