"""What tests ask simulated cameras."""

import asyncio
import hashlib
import ssl

import msgspec

from core.simulator.camera import Camera
from core.simulator.contents import Contents


async def served(camera: Camera) -> str:
    """The fingerprint that the camera's port really serves, seen by a client that is not ours."""
    place = (camera.host, camera.https_port or 0)
    pem = await asyncio.to_thread(ssl.get_server_certificate, place)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def contents(camera: Camera) -> Contents:
    """What the keystore holds, without the counter of ids."""
    assert camera.keystore is not None
    return msgspec.structs.replace(camera.keystore.contents.settled(), made=0)
