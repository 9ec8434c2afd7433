"""Writes certificates to files with the technician's own rights, never through a link or over something (rule R39)."""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.model.errors import CamtrustError


def file_name(device: str, fingerprint: str, *, pem: bool = False) -> str:
    """Return `<device>-<first 8 of the fingerprint>.cer`, or `.pem`. Nothing of it can be a path."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", device).strip("-") or "device"
    return f"{stem[:64]}-{fingerprint[:8]}.{'pem' if pem else 'cer'}"


def to_pem(der: bytes) -> bytes:
    """Return a certificate as PEM (RFC 7468, 5)."""
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""]).encode()


def write_new(path: Path, data: bytes) -> None:
    """Make a new file. Raises `FileExistsError` if anything, even a dangling link, has that name."""
    with _told(path):
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(descriptor)
        except OSError:
            path.unlink()
            raise


def replace(path: Path, data: bytes) -> None:
    """Put a new file in the place of a regular one, in one step. Raises `CamtrustError` for anything else there."""
    with _told(path):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise CamtrustError(f"{path} is not a regular file.", "Give another name with -o.")
    # Only here: it loads OpenSSL, and no other command needs it.
    import secrets

    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_new(unfinished, data)
    try:
        with _told(path):
            unfinished.replace(path)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell a person what the operating system refused; that something exists already is the caller's to judge."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise CamtrustError(f"{path} cannot be written: {error.strerror}.", "Give another name with -o.") from error
