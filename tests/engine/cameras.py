"""What tests ask simulated cameras, and what technicians do on a camera's own page."""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.decide.key_choice import KeySpec
from core.model.keystore import KeyState
from core.model.records import Login
from core.model.secret import Secret
from core.network.transport import DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.keystore import Keystore
from core.onvif.wsdls import Wsdls
from core.simulator.camera import Camera
from core.simulator.contents import Contents
from core.simulator.log import Received


async def served(camera: Camera) -> str:
    """The fingerprint that the camera's port really serves, seen by a client that is not ours."""
    der = await asyncio.to_thread(_shown, (camera.host, camera.https_port or 0))
    return hashlib.sha256(der).hexdigest()


def _shown(place: tuple[str, int]) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with socket.create_connection(place) as sock, context.wrap_socket(sock) as tls:
        return tls.getpeercert(binary_form=True) or b""


def contents(camera: Camera) -> Contents:
    """What the keystore holds, without the counter of ids."""
    assert camera.keystore is not None
    return msgspec.structs.replace(camera.keystore.contents.settled(), made=0)


@asynccontextmanager
async def own_page(camera: Camera) -> AsyncIterator[Keystore]:
    """The camera's own administration, over plain HTTP and past the gateway."""
    transport = DeviceTransport("http", camera.host, camera.http_port, None)
    login = Login(camera.settings.user, Secret(camera.settings.password))
    onvif = OnvifDevice(await Wsdls.load(), transport, "http", camera.host, camera.http_port, login=login)
    try:
        yield onvif.keystore
    finally:
        await onvif.close()


async def select(camera: Camera, path: str) -> None:
    """Choose the certificate that the camera uses."""
    async with own_page(camera) as keystore:
        [old] = (await keystore.inventory()).assigned
        await keystore.replace_assignment(old, path)


async def install_own(camera: Camera, alias: str = "site CA", *, use: bool = True) -> tuple[str, str]:
    """Install a certificate of the site's own authority; return its fingerprint and its path."""
    async with own_page(camera) as keystore:
        [old] = (await keystore.inventory()).assigned
        key = (await keystore.create_key(KeySpec(2048), alias)).id
        while await keystore.key_state(key) is not KeyState.OK:
            await asyncio.sleep(0.02)
        der = _signed(await keystore.csr(key, "own", "1.2.840.113549.1.1.11"))
        certificate, _ = await keystore.upload(der, key, alias)
        path = await keystore.create_path(certificate, alias)
        if use:
            await keystore.replace_assignment(old, path)
    return hashlib.sha256(der).hexdigest(), path


def _signed(csr: bytes) -> bytes:
    authority = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Site CA")])
    request, now = x509.load_der_x509_csr(csr), datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, request.subject, request.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=365))
    return builder.sign(authority, SHA256()).public_bytes(Encoding.DER)


def credentials(camera: Camera) -> list[Received]:
    """The requests that came with a login, right or wrong."""
    return [request for request in camera.log.requests if request.credentials]


def answered(camera: Camera, operation: str) -> int:
    """How often the camera let somebody in for an operation, whatever it then said."""
    return sum(request.operation == operation and bool(request.login) for request in camera.log.requests)
