"""Raw certificates. Every function works within the transaction that is open."""

import sqlite3

from core.decide.certificates import key_fingerprint


def put(connection: sqlite3.Connection, fingerprint: str, der: bytes) -> None:
    """Store a certificate, readable or not (rule R36), unless it is stored."""
    connection.execute(
        "INSERT INTO certificates (fingerprint, key_fingerprint, der) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (fingerprint, key_fingerprint(der), der),
    )


def get(connection: sqlite3.Connection, fingerprint: str) -> bytes | None:
    """Return the raw certificate, or None."""
    row = connection.execute("SELECT der FROM certificates WHERE fingerprint = ?", (fingerprint,)).fetchone()
    return row["der"] if row else None


def require(connection: sqlite3.Connection, fingerprint: str) -> None:
    """Raise `ValueError` unless the certificate is stored: what nobody could show is neither pinned nor handed out."""
    if get(connection, fingerprint) is None:
        raise ValueError(f"certificate {fingerprint} is not stored")
