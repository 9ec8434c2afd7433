import ssl
from collections.abc import Iterator
from itertools import count

import httpx
import pytest

from core.model.errors import DeviceError, WrongLeafError
from core.network.look import look
from core.network.profile import Profile, bound_context, client_context, proven_leaf
from core.network.transport import DeviceTransport
from tests.network.asking import LEAF
from tests.network.servers import Line, Server, answer, answering, presenting

# Extensions that hold keys or padding and so differ between any two hellos (RFC 8446, 4.2.8; RFC 7685).
CHANGING = (51, 21)
NAME, ALPN = 0, 16


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


@pytest.mark.parametrize("profile", Profile)
def test_renegotiation_tickets_compression_and_ssl_3_are_off(profile: Profile) -> None:
    wanted = ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_SSLv3
    assert client_context(profile).options & wanted == wanted


@pytest.mark.parametrize("profile", Profile)
def test_no_anonymous_null_or_export_cipher_is_offered(profile: Profile) -> None:
    for cipher in client_context(profile).get_ciphers():
        assert not {"aNULL", "eNULL", "None", "EXPORT"} & set(cipher["description"].replace("=", " ").split())
        assert cipher["strength_bits"] >= 112


def test_todays_profile_is_not_touched_by_the_older_one() -> None:
    modern = client_context(), client_context(Profile.LEGACY), client_context()
    versions = [context.minimum_version for context in modern]
    assert versions == [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_2]
    assert [context.options & 0x4 for context in modern] == [0, 0x4, 0]


@pytest.mark.parametrize(
    ("host", "listens", "name"),
    [("localhost", "127.0.0.1", b"localhost"), ("127.0.0.1", "127.0.0.1", None), ("::1%1", "::1", None)],
)
async def test_looks_and_requests_say_the_same_hello(host: str, listens: str, name: bytes | None) -> None:
    async def record(line: Line) -> None:
        await line.read()

    async with Server(record, host=listens) as server:
        with pytest.raises(DeviceError):
            await look(host, server.port)
        async with httpx.AsyncClient(
            transport=DeviceTransport("https", host, server.port, LEAF.fingerprint), trust_env=False
        ) as http:
            with pytest.raises(DeviceError):
                await http.get(httpx.URL(scheme="https", host=host, port=server.port))
    looked, asked = (list(constant_parts(line.data)) for line in server.lines)
    assert looked == asked
    assert dict(looked)[ALPN] == b"\x00\x09\x08http/1.1"
    # A list of one name: its length, the type of a host name, the length of the name (RFC 6066, 3).
    assert dict(looked).get(NAME, bytes(5))[5:] == (name or b"")


async def test_the_zone_of_an_address_stays_on_this_machine() -> None:
    async with Server(answering(answer()), presenting(LEAF.context()), "::1") as server:
        bound = DeviceTransport("https", "::1%1", server.port, LEAF.fingerprint)
        async with httpx.AsyncClient(transport=bound, trust_env=False) as http:
            await http.get(f"https://[::1%1]:{server.port}/")
    assert f"host: [::1]:{server.port}\r\n".encode() in server.heard.lower()


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
