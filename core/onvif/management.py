"""What both ways of managing a device's certificates can do, so that whoever installs one need not know which it is."""

from typing import Protocol

from core.decide.key_choice import KeySpec
from core.model.keystore import Inventory, KeyState, MadeKey


class CertificateManagement(Protocol):
    """Makes keys on one device, requests certificates for them, and decides which one its TLS server shows.

    What makes or deletes something may have happened although no answer came (`AnswerLostError`) or none that can be
    read (`GarbledError`): then the inventory tells. Ids are the device's own, passed through unchanged.
    """

    async def inventory(self) -> Inventory:
        """Return all that is stored and assigned. A certificate without readable content has an empty `der`."""

    async def create_key(self, spec: KeySpec, alias: str) -> MadeKey:
        """Start making a key; the device may still be at it when this returns."""

    async def key_state(self, key: str) -> KeyState:
        """Return how far a key is."""

    async def csr(self, key: str, subject: str, algorithm: str) -> bytes:
        """Return a certificate request in DER for a key; `subject` is the common name, `algorithm` an OID or ""."""

    async def upload(self, der: bytes, key: str, alias: str) -> tuple[str, str]:
        """Store a certificate for a key of the device; return its id and the key's, "" where it does not tell that."""

    async def create_path(self, certificate: str, alias: str) -> str:
        """Return the id of what can be assigned to the TLS server for that certificate."""

    async def replace_assignment(self, old: str, new: str) -> None:
        """Let the TLS server use the path `new` instead of `old`. The connection may break with it."""

    async def add_assignment(self, path: str) -> None:
        """Let the TLS server use a path, beside those that it has."""

    async def remove_assignment(self, path: str) -> None:
        """Take a path from the TLS server."""

    async def delete_path(self, path: str) -> None:
        """Delete a path that is not assigned; its certificates stay."""

    async def delete_certificate(self, certificate: str) -> None:
        """Delete a certificate that is in no path. Some devices delete its key with it."""

    async def delete_key(self, key: str) -> None:
        """Delete a key that no certificate uses, also one that is still being made."""
