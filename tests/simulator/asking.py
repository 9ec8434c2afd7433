"""Questions to a simulated camera, by nothing but the standard library."""

import asyncio
import ssl
from collections.abc import Callable

from core.simulator.camera import Camera

DEADLINE = 20.0


async def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait for a condition to come true; fail when it does not in time."""
    async with asyncio.timeout(deadline):
        while not condition():
            await asyncio.sleep(0.005)


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def leaf_of(camera: Camera) -> bytes:
    """The certificate of a handshake made now, DER."""
    _, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=trusting())
    try:
        leaf = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(leaf, bytes)
        return leaf
    finally:
        writer.close()
        await writer.wait_closed()
