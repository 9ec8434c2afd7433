"""TLS of former times: only after today's was refused in so many words, and as careful as today's (rules R1 to R7)."""

import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from core.decide.certificates import describe, key_fingerprint
from core.decide.streaming import Probed
from core.model.errors import AnswerLostError, NotTlsError, TlsFailedError, WrongLeafError
from core.network.look import Seen, look
from core.network.streaming import probe_rtsps, probe_tunnel
from core.network.transport import DeviceTransport
from tests.decide.handmade import HANDMADE
from tests.network.asking import LEAF, OTHER, SECRET, V12, V13
from tests.network.leaves import Leaf, anonymous_context, forged_leaf
from tests.network.old_servers import (
    LENIENT,
    V10,
    V11,
    flight,
    served,
    short_dh,
    short_leaf,
    without_rfc_5746,
)
from tests.network.servers import Behaviour, Line, Server, answer, answering, in_turn, presenting, saying, silent
from tests.network.test_profile import constant_parts
from tests.network.test_streaming import TunnelServer, rtsp, saying_well


class Probe(Protocol):
    def __call__(self, host: str, port: int, target: str, leaf: str, *, legacy: bool) -> Awaitable[Probed]: ...


OK = answering(answer())
SHORT, SHORT_OTHER = short_leaf(), short_leaf()
PROTOCOL_VERSION, HANDSHAKE_FAILURE = bytes.fromhex("15030300020246"), bytes.fromhex("15030300020228")

Old = tuple[Callable[[Leaf], ssl.SSLContext], Leaf, Leaf, str, str]
OLD: dict[str, Old] = {
    "TLS 1.0": (lambda leaf: leaf.context(V10, LENIENT), LEAF, OTHER, "TLS 1.0", "outdated TLS versions"),
    "TLS 1.1": (lambda leaf: leaf.context(V11, LENIENT), LEAF, OTHER, "TLS 1.1", "outdated TLS versions"),
    "TLS 1.0, RSA 1024": (lambda leaf: leaf.context(V10, LENIENT), SHORT, SHORT_OTHER, "TLS 1.0", "outdated"),
    "DH 1024": (short_dh, SHORT, SHORT_OTHER, "TLS 1.2", "key exchange is too weak"),
}
EACH = pytest.mark.parametrize("old", OLD.values(), ids=OLD)


def client(server: Server, leaf: Leaf, *, legacy: bool = True) -> httpx.AsyncClient:
    bound = DeviceTransport("https", server.host, server.port, leaf.fingerprint, legacy=legacy, deadline=10.0)
    headers = {"X-Secret": SECRET.decode()}
    return httpx.AsyncClient(
        transport=bound, base_url=f"https://{server.host}:{server.port}", trust_env=False, headers=headers
    )


@EACH
async def test_a_device_that_refuses_todays_tls_is_looked_at_with_older(old: Old) -> None:
    context, leaf, _, version, _ = old
    async with Server(silent, presenting(context(leaf))) as server:
        seen = await look(server.host, server.port, legacy=True)
        await server.settled()
    assert seen == Seen(leaf.der, leaf.fingerprint, f"{version}, weak", True)
    assert [line.shaken for line in server.lines] == [False, True]
    assert server.lines[1].ended_well
    assert server.heard == b""


@EACH
async def test_without_leave_the_refusal_is_told_and_nothing_older_is_tried(old: Old) -> None:
    context, leaf, _, _, words = old
    async with Server(OK, presenting(context(leaf))) as server:
        with pytest.raises(TlsFailedError, match=words):
            await look(server.host, server.port)
        async with client(server, leaf, legacy=False) as http:
            with pytest.raises(TlsFailedError, match=words):
                await http.get("/x")
        await server.settled()
    assert [line.shaken for line in server.lines] == [False, False]
    assert server.heard == b""


@EACH
async def test_requests_over_old_tls_reach_the_right_leaf_only(old: Old) -> None:
    context, leaf, other, _, _ = old
    async with Server(OK, presenting(context(leaf))) as server, client(server, leaf) as http:
        assert (await http.get("/x")).content == b"hello"
    assert SECRET in server.heard
    async with Server(OK, presenting(context(other))) as server:
        for _ in range(3):
            async with client(server, leaf) as http:
                with pytest.raises(WrongLeafError) as caught:
                    await http.get("/x")
            assert caught.value.presented == other.der
        await server.settled()
    assert [line.shaken for line in server.lines] == [True] * 3
    assert server.heard == b""


async def test_a_wrong_leaf_on_a_later_connection_over_old_tls_gets_no_byte() -> None:
    closing = answering(answer(headers="Connection: close\r\n"))
    contexts = (LEAF.context(V10, LENIENT), OTHER.context(V10, LENIENT))
    async with Server(closing, in_turn(*contexts)) as server, client(server, LEAF) as http:
        assert (await http.get("/first")).status_code == 200
        for _ in range(3):
            with pytest.raises(WrongLeafError):
                await http.get("/later")
        await server.settled()
    assert [bool(line.data) for line in server.lines] == [True, False, False, False]


@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_a_leaf_without_its_key_is_no_leaf_over_old_tls_either(kind: str) -> None:
    forged = forged_leaf(kind)
    async with Server(OK, presenting(forged.context(V10, LENIENT))) as server:
        with pytest.raises(TlsFailedError):
            await look(server.host, server.port, legacy=True)
        async with client(server, forged) as http:
            with pytest.raises(TlsFailedError):
                await http.get("/x")
        await server.settled()
    assert (len(server.lines), server.heard) == (3, b"")


async def test_a_server_without_a_certificate_is_refused_over_old_tls_too() -> None:
    context = anonymous_context()
    with pytest.warns(DeprecationWarning):
        context.minimum_version = V10
    async with Server(silent, presenting(context)) as server:
        with pytest.raises(TlsFailedError, match="speaks nothing that this gateway"):
            await look(server.host, server.port, legacy=True)
    assert [line.shaken for line in server.lines] == [False, False]


@pytest.mark.parametrize(
    "context",
    [
        LEAF.context(V12),
        LEAF.context(V13),
        LEAF.context(None, LENIENT),
        SHORT.context(V12, LENIENT),
        SHORT.context(V13, LENIENT),
        SHORT.context(V12, "AES128-SHA:@SECLEVEL=0"),
    ],
)
async def test_what_todays_tls_can_is_not_weak_and_takes_one_connection(context: ssl.SSLContext) -> None:
    async with Server(silent, presenting(context)) as server:
        seen = await look(server.host, server.port, legacy=True)
        await server.settled()
    assert (seen.weak, seen.tls in ("TLS 1.2", "TLS 1.3"), len(server.lines)) == (False, True, 1)


async def test_what_is_known_as_old_and_can_do_better_gets_the_best() -> None:
    async with Server(OK, presenting(LEAF.context(None, LENIENT))) as server:
        bound = DeviceTransport("https", server.host, server.port, LEAF.fingerprint, legacy=True)
        async with httpx.AsyncClient(transport=bound, trust_env=False) as http:
            assert (await http.get(f"https://{server.host}:{server.port}/")).status_code == 200
    assert bound.tls == "TLS 1.3"


async def hang_up_hard(line: Line) -> None:
    """Read, then reset the connection."""
    await line.read()
    line.writer.transport.abort()


@pytest.mark.parametrize(
    "behave",
    [
        hang_up_hard,
        saying(b""),
        saying(b"\x16\x03\x03\0\x40"),
        saying(PROTOCOL_VERSION[:5]),
        saying(PROTOCOL_VERSION[:-1] + b"\x50"),
        saying(PROTOCOL_VERSION[:-1] + b"\x47"),
        saying(PROTOCOL_VERSION[:-1] + b"\x32"),
        saying(b"\x15\x03\x03\0\x02\x01\0"),
        saying(b"\x16\x03\x03\0\x04\x99\0\0\0"),
        saying(flight(LEAF.der + b"\0")),
        saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        silent,
    ],
)
async def test_what_does_not_say_that_it_refuses_never_leads_to_older_tls(behave: Behaviour) -> None:
    async with Server(behave) as server:
        with pytest.raises((TlsFailedError, NotTlsError)):
            await look(server.host, server.port, legacy=True, deadline=0.5)
    assert len(server.lines) == 1


async def test_a_forged_leaf_over_todays_tls_never_leads_to_older() -> None:
    async with Server(silent, presenting(forged_leaf("ec").context(V12))) as server:
        with pytest.raises(TlsFailedError, match="does not have the key"):
            await look(server.host, server.port, legacy=True)
    assert len(server.lines) == 1


@pytest.mark.parametrize("alert", [PROTOCOL_VERSION, HANDSHAKE_FAILURE])
async def test_a_device_that_refuses_both_is_tried_once_each_and_told_as_hopeless(alert: bytes) -> None:
    async with Server(saying(alert)) as server:
        with pytest.raises(TlsFailedError, match="SSL 3, RC4 and Triple DES") as caught:
            await look(server.host, server.port, legacy=True)
    assert "firmware" in caught.value.hint
    assert len(server.lines) == 2


async def test_tls_that_refused_is_not_forgotten_where_something_else_answers_next() -> None:
    async def behave(line: Line) -> None:
        await saying(PROTOCOL_VERSION if len(server.lines) == 1 else b"HTTP/1.1 400 no\r\n\r\n")(line)

    async with Server(behave) as server:
        with pytest.raises(TlsFailedError, match="outdated TLS versions"):
            await look(server.host, server.port, legacy=True)
    assert len(server.lines) == 2


async def test_one_deadline_holds_for_both() -> None:
    async def behave(line: Line) -> None:
        await (saying(PROTOCOL_VERSION) if len(server.lines) == 1 else silent)(line)

    async with Server(behave) as server:
        started = time.monotonic()
        with pytest.raises(TlsFailedError, match="does not answer in time"):
            await look(server.host, server.port, legacy=True, deadline=0.3)
    assert 0.3 <= time.monotonic() - started < 3
    assert len(server.lines) == 2


async def test_looks_and_requests_over_old_tls_say_the_same_hello() -> None:
    async with Server(saying(PROTOCOL_VERSION)) as server:
        with pytest.raises(TlsFailedError):
            await look(server.host, server.port, legacy=True)
        async with client(server, LEAF) as http:
            with pytest.raises(TlsFailedError):
                await http.get("/x")
    modern, looked, asked = (list(constant_parts(line.data)) for line in server.lines)
    assert modern != looked
    assert looked == asked


async def test_no_session_is_resumed_over_old_tls() -> None:
    closing = answering(answer(headers="Connection: close\r\n"))
    async with Server(closing, presenting(LEAF.context(V10, LENIENT))) as server, client(server, LEAF) as http:
        for _ in range(3):
            await http.get("/x")
    assert [bool(line.tls and line.tls.session_reused) for line in server.lines] == [False] * 3


async def test_a_device_that_signs_with_sha_1_without_being_asked_is_met_with_older_tls() -> None:
    async def behave(line: Line) -> None:
        if len(server.lines) == 1:
            await saying(flight(SHORT.der))(line)
        else:
            await line.shake(SHORT.context(V12, LENIENT))
            await silent(line)

    async with Server(behave) as server:
        assert (await look(server.host, server.port, legacy=True)).tls == "TLS 1.2, weak"
    async with Server(saying(flight(SHORT.der))) as server:
        with pytest.raises(TlsFailedError, match="signs in an outdated way"):
            await look(server.host, server.port)


async def test_a_server_without_rfc_5746_is_met_only_with_leave(tmp_path: Path) -> None:
    async with without_rfc_5746(LEAF, tmp_path) as port:
        with pytest.raises(TlsFailedError, match="unsafe renegotiation"):
            await look("127.0.0.1", port)
        assert await look("127.0.0.1", port, legacy=True) == Seen(LEAF.der, LEAF.fingerprint, "TLS 1.2, weak", True)
        for leaf, error in ((OTHER, WrongLeafError), (LEAF, AnswerLostError)):
            bound = DeviceTransport("https", "127.0.0.1", port, leaf.fingerprint, legacy=True)
            async with httpx.AsyncClient(transport=bound, trust_env=False) as http:
                with pytest.raises(error):
                    # An echo is no answer in HTTP.
                    await http.get(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "kind",
    [
        "version 1 with extensions",
        "version 1 written out",
        "version 4",
        "serial number zero",
        "serial number negative",
        "serial number of 200 bytes",
        "PrintableString in Latin-1",
        "UTCTime without seconds",
        "30 February",
        "critical FALSE written out",
        "BOOLEAN of 1",
        "signed with MD5",
        "signed in an unknown way",
        "signature is garbage",
    ],
)
@pytest.mark.parametrize("version", [V10, V12, V13])
async def test_a_certificate_that_strict_parsers_refuse_is_bound_to_all_the_same(
    kind: str, version: ssl.TLSVersion
) -> None:
    leaf = served(HANDMADE[kind])
    async with Server(OK, presenting(leaf.context(version, LENIENT))) as server:
        seen = await look(server.host, server.port, legacy=True)
        async with client(server, leaf, legacy=seen.weak) as http:
            assert (await http.get("/x")).content == b"hello"
        heard = len(server.heard)
        async with client(server, LEAF, legacy=seen.weak) as http:
            with pytest.raises(WrongLeafError):
                await http.get("/x")
        await server.settled()
        assert len(server.heard) == heard
    assert (seen.der, seen.fingerprint, seen.weak) == (leaf.der, leaf.fingerprint, version is V10)
    view = describe(seen.der)
    assert (view.fingerprint, view.key_fingerprint) == (leaf.fingerprint, key_fingerprint(leaf.der))
    assert view.key == "RSA 2048"


@pytest.mark.parametrize(
    ("probe", "behave"), [(probe_rtsps, saying_well(rtsp("200 OK"))), (probe_tunnel, TunnelServer(rtsp("200 OK")))]
)
@pytest.mark.parametrize(
    ("leaf", "legacy", "probed"),
    [(LEAF, True, Probed.YES), (OTHER, True, Probed.OTHER_LEAF), (LEAF, False, Probed.UNCLEAR)],
)
async def test_video_is_probed_over_old_tls_only_of_a_device_of_old(
    probe: Probe, behave: Behaviour, leaf: Leaf, legacy: bool, probed: Probed
) -> None:
    async with Server(behave, presenting(LEAF.context(V10, LENIENT))) as server:
        assert await probe(server.host, server.port, "/", leaf.fingerprint, legacy=legacy) is probed
        await server.settled()
    assert bool(server.heard) is (probed is Probed.YES)
