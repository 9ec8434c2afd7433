"""What is in a keystore, as plain data: it goes to flash memory and back as it is."""

from enum import StrEnum

import msgspec

FACTORY = "factory"
"""The alias of what a camera comes with."""


class KeyStatus(StrEnum):
    """Where a key stands (ONVIF Security Service, key status)."""

    OK = "ok"
    GENERATING = "generating"
    CORRUPT = "corrupt"


class Key(msgspec.Struct):
    """A key. `kind` is what is being made, such as `RSA 3072`, and empty where it was not made here.

    `private` is PKCS #8, None where the camera has only the public part, a SubjectPublicKeyInfo.
    """

    id: str
    alias: str
    status: KeyStatus
    kind: str = ""
    private: bytes | None = None
    public: bytes = b""


class Certificate(msgspec.Struct, frozen=True):
    """A certificate and the key that it is for."""

    id: str
    key: str
    alias: str
    der: bytes


class Path(msgspec.Struct, frozen=True):
    """A certification path, the leaf first."""

    id: str
    alias: str
    certificates: tuple[str, ...]


class Contents(msgspec.Struct):
    """Everything in a keystore, by id. `assigned` are the TLS server's paths. `made` counts ids: none comes twice."""

    keys: dict[str, Key] = {}
    certificates: dict[str, Certificate] = {}
    paths: dict[str, Path] = {}
    assigned: list[str] = []
    made: int = 0

    def new_id(self, kind: str) -> str:
        """Return an id that no object has had."""
        self.made += 1
        return f"{kind}-{self.made:06d}"

    def settled(self) -> "Contents":
        """Return a copy without keys that are still being made, as it is kept in flash memory."""
        copy = msgspec.json.decode(msgspec.json.encode(self), type=Contents)
        copy.keys = {key.id: key for key in copy.keys.values() if key.status is not KeyStatus.GENERATING}
        return copy
