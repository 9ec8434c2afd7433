"""What went over a camera's wires: whether anything of a private key, or a password, was among it."""

import base64
import binascii
import re
from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from core.simulator.camera import Camera
from core.simulator.contents import FACTORY, Key

LOGIN_OVER_HTTP = "a login over plain HTTP"
_BASE64 = re.compile(rb"[A-Za-z0-9+/\s]{40,}={0,2}")


def recorded(camera: Camera, *schemes: str) -> bytes:
    """All bytes of both directions inside TLS or without it, and once more what of it is base64, decoded."""
    tape = b"\n".join(bytes(one.tape or b"") for one in camera.log.connections if one.scheme in schemes)
    return b"\n".join((tape, *_decoded(tape)))


def leaks(camera: Camera) -> Iterator[str]:
    """Tell what should not have gone over the wires."""
    everything, plain = recorded(camera, "http", "https"), recorded(camera, "http")
    for key in camera.keystore.contents.keys.values():
        if any(part in everything for part in private_parts(key)):
            yield f"the private part of {key.id}"
    if camera.settings.password.encode() in everything:
        yield "the password"
    if any(mark in plain for mark in (b"Authorization:", b"UsernameToken")):
        yield LOGIN_OVER_HTTP


def private_parts(key: Key) -> Iterator[bytes]:
    """Give the numbers that only the camera may know, as they stand in any encoding of the key."""
    private = load_der_private_key(key.private, None) if key.private else None
    numbers: tuple[int, ...] = ()
    if isinstance(private, rsa.RSAPrivateKey):
        secret = private.private_numbers()
        numbers = (secret.d, secret.p, secret.q)
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        numbers = (private.private_numbers().private_value,)
    for number in numbers:
        yield number.to_bytes((number.bit_length() + 7) // 8, "big")


def public_parts(camera: Camera) -> Iterator[bytes]:
    """Give the keys that a camera has made, as certificates and their requests hold them."""
    return (key.public for key in camera.keystore.contents.keys.values() if key.alias != FACTORY)


def _decoded(tape: bytes) -> Iterator[bytes]:
    for found in _BASE64.findall(tape):
        text = b"".join(found.split())
        try:
            yield base64.b64decode(text[: len(text) // 4 * 4])
        except binascii.Error:
            continue
