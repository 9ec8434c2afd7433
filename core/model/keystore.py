"""What a device's keystore holds and can do, in the terms of the ONVIF Security Configuration service."""

from enum import StrEnum

import msgspec


class KeyState(StrEnum):
    """How far a key is (GetKeyStatus)."""

    OK = "ok"
    GENERATING = "generating"
    CORRUPT = "corrupt"


class Way(StrEnum):
    """The services by which a device can be given a certificate; the value is how people read it."""

    KEYSTORE = "security service"
    DEVICE = "device service"


class Key(msgspec.Struct, frozen=True):
    """One key. `private` is None where the device does not say whether it has the private part."""

    id: str
    alias: str
    state: KeyState
    private: bool | None = None


class StoredCertificate(msgspec.Struct, frozen=True):
    """One certificate in the keystore, raw."""

    id: str
    key: str
    alias: str
    der: bytes


class CertificationPath(msgspec.Struct, frozen=True):
    """Certificates that are presented together, the leaf first."""

    id: str
    alias: str
    certificates: tuple[str, ...]


class MadeKey(msgspec.Struct, frozen=True):
    """A key that a device makes: its id, how many seconds that takes, 0.0 if the device cannot tell.

    `makeshift` is the certificate that it made of it, raw, b"" where it makes none.
    """

    id: str
    seconds: float = 0.0
    makeshift: bytes = b""


class Inventory(msgspec.Struct, frozen=True):
    """All of the keystore, and which paths the TLS server is assigned."""

    keys: tuple[Key, ...] = ()
    certificates: tuple[StoredCertificate, ...] = ()
    paths: tuple[CertificationPath, ...] = ()
    assigned: tuple[str, ...] = ()


class KeystoreCapabilities(msgspec.Struct, frozen=True):
    """What a device can do with certificates, and by which service. None: it does not say.

    `rsa_lengths` are bits, `curves` names as listed, `algorithms` signature algorithm OIDs.
    """

    way: Way = Way.KEYSTORE
    makes_rsa: bool = False
    makes_ec: bool = False
    rsa_lengths: tuple[int, ...] = ()
    curves: tuple[str, ...] = ()
    csr: bool = False
    tls_server: bool = False
    most_keys: int | None = None
    most_certificates: int | None = None
    most_paths: int | None = None
    most_tls_paths: int | None = None
    algorithms: tuple[str, ...] = ()


class Information(msgspec.Struct, frozen=True):
    """What the device says of itself (GetDeviceInformation), cleaned."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""


class NetworkProtocol(msgspec.Struct, frozen=True):
    """One line of GetNetworkProtocols: `name` is spelled as the device spells it, a port may be 0.

    `whole` is whether it holds all that the device said, so that it can be handed back unchanged.
    """

    name: str
    enabled: bool
    ports: tuple[int, ...]
    whole: bool = True
