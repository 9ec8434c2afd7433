"""Servers as old devices have them: real ones, one of another TLS stack, and flights of bytes that no stack sends."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.decide import handmade
from tests.decide.asn1 import integer, sequence
from tests.decide.handmade import SHA1_RSA, Parts
from tests.network.leaves import Leaf, pem
from tests.network.servers import until

V10, V11 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
LENIENT = "DEFAULT:@SECLEVEL=0"
# The prime of the second Oakley group, of 1024 bits (RFC 2409, 6.2).
_PRIME = int(
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd"
    "ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed"
    "ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff",
    16,
)
_ECDHE_RSA_AES128_GCM, _P256, _RSA_SHA1 = bytes.fromhex("c02f"), bytes.fromhex("0017"), bytes.fromhex("0201")


def served(der: bytes, key: rsa.RSAPrivateKey = handmade.RSA_KEY) -> Leaf:
    """Handmade bytes as a leaf; `key` is the one that they certify."""
    return Leaf(der, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def short_leaf() -> Leaf:
    """An RSA key of 1024 bits, certified with SHA-1."""
    key = rsa.generate_private_key(65537, 1024)
    info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return served(Parts(algorithm=SHA1_RSA, key=info).encode(), key)


def short_dh(leaf: Leaf) -> ssl.SSLContext:
    """TLS 1.2 with a Diffie-Hellman prime of 1024 bits and nothing else."""
    context = leaf.context(ssl.TLSVersion.TLSv1_2, "DHE-RSA-AES128-SHA:@SECLEVEL=0")
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem("DH PARAMETERS", sequence(integer(_PRIME), integer(2))))
        file.flush()
        context.load_dh_params(file.name)
    return context


@contextlib.asynccontextmanager
async def without_rfc_5746(leaf: Leaf, folder: Path) -> AsyncIterator[int]:
    """TLS 1.2 of GnuTLS without the indication of secure renegotiation; gives its port. Echoes what it is sent."""
    program = shutil.which("gnutls-serv")
    if program is None:
        pytest.skip("gnutls-serv is not installed (package gnutls-bin)")
    certificate, key = folder / "leaf.der", folder / "key.der"
    certificate.write_bytes(leaf.der)
    key.write_bytes(leaf.key)
    port = _free_port()
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%DISABLE_SAFE_RENEGOTIATION"
    files = ("--x509fmtder", f"--x509certfile={certificate}", f"--x509keyfile={key}")
    process = await asyncio.create_subprocess_exec(
        program,
        *("--echo", "--disable-client-cert", f"--port={port}", f"--priority={priority}", *files),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: _listens(port))
        yield port
    finally:
        process.kill()
        await process.wait()


def flight(leaf: bytes, signature: bytes = _RSA_SHA1) -> bytes:
    """A server's flight in TLS 1.2 (RFC 5246, 7.4; RFC 8422, 5.4): the leaf, and a key that is signed in some way.

    The signature is no real one: what is wrong is to be seen before it is looked at.
    """
    extensions = bytes.fromhex("ff01000100")
    hello = b"\3\3" + bytes(32) + b"\0" + _ECDHE_RSA_AES128_GCM + b"\0" + _sized(2, extensions)
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    exchange = b"\3" + _P256 + _sized(1, raw) + signature + _sized(2, bytes(256))
    messages = ((2, hello), (11, _sized(3, _sized(3, leaf))), (12, exchange), (14, b""))
    return b"".join(b"\x16\3\3" + _sized(2, bytes([kind]) + _sized(3, body)) for kind, body in messages)


def _sized(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
