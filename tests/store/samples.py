"""Records and certificates to store, and what else the tests of the store share."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.model.device import Attention, AttentionKind, Origin
from core.model.records import DeviceRecord, InstallRecord, InstallRequest, JournalEntry, Login, Pin
from core.model.secret import Secret
from core.model.video import Video
from core.store.store import NewEvent

AT = "2026-11-24T07:00:00Z"
PASSWORD = "correct horse battery staple"
LOGIN = Login("operator-of-the-gate", Secret(PASSWORD))
DEVICE = DeviceRecord(id="cam-1", name="Front door", host="10.0.0.7", port=443, added_at=AT, added_by="ann")
OTHER = msgspec.structs.replace(DEVICE, id="cam-2", name="Back door", host="10.0.0.8")
INSTALL = InstallRecord(
    id="op-1", device="cam-1", request=InstallRequest(address="10.0.0.7", by="ann", patience=5.0), started_at=AT
)
EVENT = NewEvent(at=AT, who="ann", kind="added", text="Added Front door.", device="cam-1", name="Front door")


@cache
def certificate(name: str) -> bytes:
    """Return a real certificate, self-signed with a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1)
    return (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, start, start + timedelta(days=3650))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )


def pinned(device: DeviceRecord, fingerprint: str) -> DeviceRecord:
    return msgspec.structs.replace(device, pin=Pin(fingerprint, Origin.DEVICE, AT, "ann"))


def full_device(fingerprint: str) -> DeviceRecord:
    """Return a device with a value in each field."""
    return DeviceRecord(
        id="cam-1",
        name="Gate 'east'; ⟨1B⟩ ünïcode",
        host="2001:db8::7",
        port=8443,
        scheme="https",
        path="/onvif/device_service",
        endpoint="urn:uuid:00000000-0000-4000-8000-000000000001",
        manufacturer="Acme",
        model="X-100",
        firmware="1.2.3",
        serial="4711",
        mac="00:40:8c:00:47:11",
        tls="TLS 1.3",
        weak_tls=True,
        pin=Pin(fingerprint, Origin.ISSUED, AT, "camtrust"),
        presented="ab" * 32,
        presented_host="2001:db8::9",
        presented_port=443,
        video=Video.TUNNEL,
        attention=(
            Attention(AttentionKind.REVIEW_CHANGE, "Changed.", "Compare."),
            Attention(AttentionKind.UNREACHABLE, "Gone."),
        ),
        added_at=AT,
        added_by="ann",
    )


def entry(number: int, install: str = INSTALL.id) -> JournalEntry:
    return JournalEntry(install, f"step {number}", "begin", AT, {"number": str(number)})


@contextmanager
def by_hand(folder: Path) -> Iterator[sqlite3.Connection]:
    """Open the database past the store, as somebody with the file would; each statement is committed at once."""
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        yield connection
