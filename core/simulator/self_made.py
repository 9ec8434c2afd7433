"""Keys and certificates that a camera makes itself, and how they come into its keystore and leave it again."""

from contextlib import suppress
from datetime import datetime

from core.simulator import signing
from core.simulator.contents import Certificate, Contents, Key, KeyStatus, Path
from core.simulator.faults import OnvifFault
from core.simulator.flawed import flawed
from core.simulator.keystore import Keystore
from core.simulator.settings import CameraSettings, KeystoreSettings

LONG = 7300.0
"""How many days a certificate is valid that a camera makes later on."""


def certificate(settings: CameraSettings, private: bytes, now: datetime, days: float = LONG) -> bytes:
    """Return the certificate that the camera makes for a key: all of them have the same name."""
    serial = settings.batch or settings.serial
    address = settings.host if settings.quirks.certificate_for_address else ""
    algorithm = signing.default_algorithm(private, settings.factory_hash)
    who = (settings.maker, settings.model, serial)
    return flawed(signing.factory_certificate(private, *who, now, days, address, algorithm), private, settings.quirks)


def add(contents: Contents, alias: str, private: bytes, der: bytes) -> str:
    """Put a key and its certificate there, whatever the limits are; return the certificate's id."""
    key = Key(contents.new_id("key"), alias, KeyStatus.OK, "", private, signing.public_part(private))
    contents.keys[key.id] = key
    return add_certificate(contents, alias, key.id, der)


def add_certificate(contents: Contents, alias: str, key: str, der: bytes) -> str:
    """Put a certificate there for a key, whatever the limits are; return its id."""
    made = Certificate(contents.new_id("certificate"), key, alias, der)
    contents.certificates[made.id] = made
    return made.id


def assign(contents: Contents, alias: str, certificate: str) -> None:
    """Present a certificate from now on, and put away what was there under the same alias before."""
    old = [path for path in contents.paths.values() if path.alias == alias]
    path = Path(contents.new_id("path"), alias, (certificate,))
    contents.paths[path.id] = path
    contents.assigned = [path.id]
    for gone in old:
        _discard(contents, gone)


def _discard(contents: Contents, path: Path) -> None:
    keystore = Keystore(KeystoreSettings(), contents)
    certificate = contents.certificates[path.certificates[0]]
    # What a client has put to use stays.
    with suppress(OnvifFault):
        keystore.delete_path(path.id)
        keystore.delete_certificate(certificate.id)
        keystore.delete_key(certificate.key)
