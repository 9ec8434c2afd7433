import asyncio
import hashlib
import os
import socket
import ssl
import sys
import time
from pathlib import Path

import pytest
from cryptography import x509

from core.model.errors import DeviceError, NotReachedError, NotTlsError, TlsFailedError
from core.network.look import Seen, look
from tests.network.asking import LEAF, V12, V13
from tests.network.conftest import open_files
from tests.network.leaves import anonymous_context, forged_leaf, new_leaf, unreadable_leaf
from tests.network.servers import Line, Server, in_turn, presenting, saying, silent, until


@pytest.mark.parametrize(("version", "name"), [(V12, "TLS 1.2"), (V13, "TLS 1.3")])
async def test_a_look_sees_the_leaf_sends_nothing_and_ends_well(version: ssl.TLSVersion, name: str) -> None:
    async with Server(silent, presenting(LEAF.context(version))) as server:
        seen = await look(server.host, server.port)
        await server.settled()
    [line] = server.lines
    assert seen == Seen(LEAF.der, LEAF.fingerprint, name)
    assert (line.shaken, line.ended_well, line.data) == (True, True, b"")


@pytest.mark.parametrize("host", ["::1", "localhost"])
async def test_looks_go_to_ipv6_addresses_and_names(host: str) -> None:
    async with Server(silent, presenting(LEAF.context()), "::1" if host == "::1" else "127.0.0.1") as server:
        assert (await look(host, server.port)).fingerprint == LEAF.fingerprint


async def test_a_leaf_that_no_parser_reads_still_has_its_fingerprint() -> None:
    leaf = unreadable_leaf()
    with pytest.raises(x509.InvalidVersion):
        x509.load_der_x509_certificate(leaf.der)
    async with Server(silent, presenting(leaf.context())) as server:
        seen = await look(server.host, server.port)
    assert (seen.der, seen.fingerprint) == (leaf.der, hashlib.sha256(leaf.der).hexdigest())


async def test_each_look_sees_the_leaf_of_now() -> None:
    other = new_leaf()
    for version in (V12, V13):
        async with Server(silent, in_turn(LEAF.context(version), other.context(version))) as server:
            assert (await look(server.host, server.port)).fingerprint == LEAF.fingerprint
            assert (await look(server.host, server.port)).fingerprint == other.fingerprint


@pytest.mark.parametrize("version", [V12, V13])
async def test_no_session_is_ever_resumed(version: ssl.TLSVersion) -> None:
    async with Server(silent, presenting(LEAF.context(version))) as server:
        for _ in range(3):
            await look(server.host, server.port)
        await server.settled()
    assert [bool(line.tls and line.tls.session_reused) for line in server.lines] == [False] * 3


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("version", [V12, V13])
async def test_a_leaf_shown_without_its_key_is_not_seen(kind: str, version: ssl.TLSVersion) -> None:
    async with Server(silent, presenting(forged_leaf(kind).context(version))) as server:
        with pytest.raises(TlsFailedError, match="does not have the key of the certificate"):
            await look(server.host, server.port)


async def test_a_server_without_a_certificate_is_refused() -> None:
    async with Server(silent, presenting(anonymous_context())) as server:
        with pytest.raises(TlsFailedError, match="none of the safe ciphers"):
            await look(server.host, server.port)


async def test_an_outdated_version_is_named() -> None:
    context = LEAF.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    async with Server(silent, presenting(context)) as server:
        with pytest.raises(TlsFailedError, match="outdated TLS versions") as caught:
            await look(server.host, server.port)
    assert "TLS 1.2" in caught.value.hint


@pytest.mark.parametrize(
    "payload",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"RTSP/1.0 400 Bad Request\r\n\r\n",
        b"SSH-2.0-x\r\n",
        b"\0",
        b"\x16\x04\0",
        b"\x17\x03\x03\0\x01x",
    ],
)
async def test_what_does_not_speak_tls_is_told_apart(payload: bytes) -> None:
    async with Server(saying(payload)) as server:
        with pytest.raises(NotTlsError, match=f"^127.0.0.1:{server.port} answers, but not with HTTPS"):
            await look(server.host, server.port)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "hangs up"),
        (b"\x16", "hangs up"),
        (b"\x16\x03\x03\0\x40", "hangs up"),
        (b"\x15\x03\x03\0\x02\x02\x46", "outdated TLS versions"),
        (b"\x15\x03\x03\0\x02\x02\x28", "none of the safe ciphers"),
        (b"\x15\x03\x03\0\x02\x02\x50", "internal error"),
        (b"\x16\x03\x03\0\x04\x99\0\0\0", "unexpected message"),
    ],
)
async def test_tls_that_fails_is_told_apart(payload: bytes, words: str) -> None:
    async with Server(saying(payload)) as server:
        with pytest.raises(TlsFailedError, match=f"^127.0.0.1:{server.port}: .*{words}") as caught:
            await look(server.host, server.port)
    assert caught.value.hint


async def test_silence_after_the_hello_is_failed_tls_at_the_deadline() -> None:
    async with Server(silent) as server:
        started = time.monotonic()
        with pytest.raises(TlsFailedError, match="does not answer in time"):
            await look(server.host, server.port, deadline=0.2)
    assert 0.2 <= time.monotonic() - started < 3


async def test_a_handshake_byte_by_byte_ends_at_the_deadline() -> None:
    async def dribble(line: Line) -> None:
        await line.read()
        for byte in b"\x16\x03\x03\x3f\xff" + bytes(1000):
            await line.write_raw(bytes([byte]))
            await asyncio.sleep(0.01)

    async with Server(dribble) as server:
        started = time.monotonic()
        with pytest.raises(TlsFailedError, match="does not answer in time"):
            await look(server.host, server.port, deadline=0.2)
    assert 0.2 <= time.monotonic() - started < 3


async def test_a_closed_port_refuses() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(NotReachedError, match=f"^127.0.0.1:{port} refuses connections"):
            await look("127.0.0.1", port)


async def test_a_port_that_does_not_answer_ends_at_the_deadline() -> None:
    # A listener whose queue is full drops what comes, as a host that is off does.
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for sock in (first, second):
            sock.setblocking(False)
            sock.connect_ex(address)
        started = time.monotonic()
        with pytest.raises(NotReachedError, match=f":{address[1]} does not answer"):
            await look("127.0.0.1", address[1], deadline=0.2)
    assert 0.2 <= time.monotonic() - started < 3


@pytest.mark.parametrize("host", ["a\0b", "x" * 80 + ".invalid", "a..b", "\udc80"])
async def test_a_name_that_is_none_is_not_reached(host: str) -> None:
    with pytest.raises(NotReachedError, match="no address is known") as caught:
        await look(host, 443)
    assert caught.value.title.isprintable()


async def test_ipv6_is_written_with_brackets() -> None:
    with socket.socket(socket.AF_INET6) as sock:
        sock.bind(("::1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(NotReachedError, match=rf"^\[::1\]:{port} refuses"):
            await look("::1", port)


async def test_a_peer_that_stays_after_the_goodbye_holds_a_look_only_briefly() -> None:
    async def stay(line: Line) -> None:
        await asyncio.sleep(60)

    async with Server(stay, presenting(LEAF.context())) as server:
        started = time.monotonic()
        assert (await look(server.host, server.port)).fingerprint == LEAF.fingerprint
    assert time.monotonic() - started < 3


async def test_two_hundred_looks_at_once_leave_nothing_open() -> None:
    async with Server(silent, presenting(LEAF.context())) as server:
        await look(server.host, server.port)
        await server.settled()
        before = open_files()
        seen = await asyncio.gather(*(look(server.host, server.port) for _ in range(200)))
        await server.settled()
        assert open_files() == before
    assert {one.fingerprint for one in seen} == {LEAF.fingerprint}
    assert server.heard == b""
    assert all(line.ended_well for line in server.lines)


async def test_a_cancelled_look_leaves_nothing_open() -> None:
    async with Server(silent) as server:
        before = open_files()
        looks = [asyncio.create_task(look(server.host, server.port)) for _ in range(20)]
        await until(lambda: sum(bool(line.data) for line in server.lines) == 20)
        for task in looks:
            task.cancel()
        ended = await asyncio.gather(*looks, return_exceptions=True)
        await server.settled()
        assert open_files() == before
    assert all(isinstance(one, asyncio.CancelledError) for one in ended)


async def test_failed_looks_leave_nothing_open() -> None:
    async with Server(saying(b"HTTP/1.1 400 no\r\n\r\n")) as server:
        before = open_files()
        ended = await asyncio.gather(*(look(server.host, server.port) for _ in range(20)), return_exceptions=True)
        await server.settled()
        assert open_files() == before
    assert all(isinstance(one, DeviceError) for one in ended)


async def test_no_key_is_logged_whatever_the_environment_says(key_log: Path) -> None:
    code = "import asyncio, sys; from core.network.look import look; asyncio.run(look('127.0.0.1', int(sys.argv[1])))"
    async with Server(silent, presenting(LEAF.context())) as server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(server.port), env={**os.environ, "SSLKEYLOGFILE": str(key_log)}
        )
        assert await process.wait() == 0
    assert server.lines[0].shaken
    assert not key_log.exists()
