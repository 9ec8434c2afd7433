import ssl
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from core.model.errors import DeviceError, WrongLeafError
from core.network.look import look
from core.network.profile import bound_context, client_context, proven_leaf
from core.network.transport import DeviceTransport
from tests.network.asking import LEAF
from tests.network.servers import Line, Server

# Extensions that hold keys or padding and so differ between any two hellos (RFC 8446, 4.2.8; RFC 7685).
CHANGING = (51, 21)


def shake(context: ssl.SSLContext, server: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLObject:
    """A handshake in memory; returns the client's end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        context.wrap_bio(to_client, to_server, server_hostname="camera", session=session),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    # Tickets for a later session come after the handshake.
    with pytest.raises(ssl.SSLWantReadError):
        ends[0].read()
    return ends[0]


def test_a_resumed_session_counts_as_a_wrong_leaf() -> None:
    context, server = bound_context(LEAF.fingerprint, lambda _: None), LEAF.context(ssl.TLSVersion.TLSv1_3)
    session = shake(context, server).session
    assert shake(context, server).session_reused is False
    with pytest.raises(WrongLeafError) as caught:
        shake(context, server, session)
    assert caught.value.presented == b""


def test_a_resumed_session_proves_no_leaf() -> None:
    context, server = client_context(), LEAF.context(ssl.TLSVersion.TLSv1_3)
    first = shake(context, server)
    second = shake(context, server, first.session)
    assert (first.session_reused, second.session_reused) == (False, True)
    assert (proven_leaf(first), proven_leaf(second)) == (LEAF.der, b"")


def test_a_context_bound_to_no_leaf_accepts_none() -> None:
    with pytest.raises(WrongLeafError):
        shake(bound_context(None, lambda _: None), LEAF.context())


def test_renegotiation_tickets_and_compression_are_off() -> None:
    wanted = ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION
    assert client_context().options & wanted == wanted


def test_no_anonymous_null_or_export_cipher_is_offered() -> None:
    for cipher in client_context().get_ciphers():
        assert not {"aNULL", "eNULL", "None"} & set(cipher["description"].replace("=", " ").split())


async def test_looks_and_requests_say_the_same_hello() -> None:
    hellos = []

    async def record(line: Line) -> None:
        hellos.append(await line.read())

    async with Server(record, host="127.0.0.1") as server:
        bound = DeviceTransport("https", "localhost", server.port, LEAF.fingerprint)
        with pytest.raises(DeviceError):
            await look("localhost", server.port)
        async with httpx.AsyncClient(transport=bound, trust_env=False) as http:
            with pytest.raises(DeviceError):
                await http.get(f"https://localhost:{server.port}/")
    looked, asked = (list(constant_parts(hello)) for hello in hellos)
    assert looked == asked
    assert (16, b"\x00\x09\x08http/1.1") in looked
    assert any(kind == 0 and b"localhost" in data for kind, data in looked)


def constant_parts(hello: bytes) -> Iterator[tuple[int, bytes]]:
    """Versions, ciphers and extensions of a ClientHello (RFC 8446, 4.1.2), without what is random."""
    at = 9 + 2 + 32
    yield -1, hello[9:11]
    at += 1 + hello[at]
    for number in count(-3, -1):
        width = 2 if number == -3 else 1
        size = int.from_bytes(hello[at : at + width])
        yield number, hello[at + width : at + width + size]
        at += width + size
        if number == -4:
            break
    at += 2
    while at < len(hello):
        kind, size = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
        if kind not in CHANGING:
            yield kind, hello[at + 4 : at + 4 + size]
        at += 4 + size
