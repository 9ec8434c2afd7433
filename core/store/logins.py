"""Logins at rest: sealed with a key that lies beside the database, and bound to the row that they belong to."""

import os
import shlex
from pathlib import Path
from typing import NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.files import create_private, read_private
from core.model.records import Login
from core.model.secret import Secret
from core.store.errors import SealError, StoreError

_KEY = "login.key"
_KEY_BITS = 256
_NONCE_BYTES = 12
_FORGET = "DELETE FROM logins; UPDATE rollouts SET sealed = NULL"


class Binding(NamedTuple):
    """What a login is for. Whoever edits one of these in the database gets no password sent anywhere (rule R37)."""

    device: str
    host: str
    port: int | None
    pin: str | None

    @property
    def place(self) -> str:
        """Whom it is for, in words."""
        return self.host


class RolloutBinding(NamedTuple):
    """What a login is for that was typed for many devices: `members` are address, pin, task and whether it is used."""

    rollout: str
    members: tuple[tuple[str, str, str | None, bool], ...]

    @property
    def place(self) -> str:
        """Whom it is for, in words."""
        return "the devices of the rollout"


class Vault:
    """Seals and opens logins with AES-256-GCM (NIST SP 800-38D), a fresh random nonce before each.

    It protects against other accounts, and where the key file is kept elsewhere against a thief of the disk; not
    against root on the running gateway.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, login: Login, binding: Binding | RolloutBinding) -> bytes:
        """Return the login as bytes that open only with the same binding."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = msgspec.json.encode((login.user, login.password.reveal()))
        return nonce + self._cipher.encrypt(nonce, plain, msgspec.json.encode(binding))

    def open(self, sealed: bytes, binding: Binding | RolloutBinding) -> Login:
        """Return the login. Raises `SealError` where it was sealed for another binding or with another key."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            plain = self._cipher.decrypt(nonce, rest, msgspec.json.encode(binding))
        except (InvalidTag, ValueError):
            raise SealError(
                f"The stored login does not belong to {binding.place}: the store was changed by something else",
                "It was not used. Find out who changed the store, then type the login again.",
            ) from None
        user, password = msgspec.json.decode(plain, type=tuple[str, str])
        return Login(user, Secret(password))


def has_key(folder: Path) -> bool:
    """Tell whether the folder was in use before: the key is made last."""
    return os.path.lexists(folder / _KEY)


def load_vault(folder: Path, needed: bool) -> Vault:
    """Open the vault with the folder's key file (rule R38), making one unless it is `needed` for stored logins."""
    path = folder / _KEY
    try:
        key = read_private(path)
    except FileNotFoundError:
        if needed:
            raise _lost(path) from None
        key = AESGCM.generate_key(_KEY_BITS)
        create_private(folder, _KEY, key)
    if len(key) * 8 != _KEY_BITS:
        raise StoreError(f"{path} is damaged: it holds {len(key)} bytes", "Put it back from a backup.")
    return Vault(key)


def _lost(path: Path) -> StoreError:
    return StoreError(
        f"{path}, the key of the stored logins, is missing",
        "Put it back from a backup. If it is lost, so are the logins; to type them anew, first run: "
        f"sqlite3 {shlex.quote(str(path.with_name('state.db')))} '{_FORGET}'",
    )
