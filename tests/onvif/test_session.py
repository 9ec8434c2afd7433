"""Logging in, against a camera that counts what it is sent."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.model.errors import (
    FaultError,
    LoginNeededError,
)
from core.onvif.wsdls import SECURITY_URI, Wsdls
from tests.onvif.scripted import (
    INFORMATION,
    LOGIN,
    MD5,
    NOT_AUTHORIZED,
    OPEN,
    SHA256,
    TOKEN,
    Reply,
    Request,
    ScriptedCamera,
    calling,
    date_and_time,
    digest,
    digest_is_right,
    fault,
    guarded,
    token_is_right,
    unauthorized,
)


@pytest.mark.parametrize(
    ("challenges", "realm", "name"),
    [
        ([MD5], "cam", "md5"),
        ([SHA256], "cam", "sha256"),
        ([MD5, SHA256], "cam", "sha256"),
        ([f"{MD5}, {SHA256}"], "cam", "sha256"),
        ([f'Basic realm="b", {MD5}'], "cam", "md5"),
        ([MD5, 'Digest realm="x", nonce="y", qop="auth", algorithm=SHA-999'], "cam", "md5"),
        (['digest REALM = "cam" , Nonce="n1",QOP="auth-int,auth"'], "cam", "md5"),
        (['Digest realm="cam", nonce="n1"'], "cam", "md5"),
        (['Digest realm="cam", nonce="n1", algorithm=MD5-sess, qop=auth, opaque="o"'], "cam", "md5"),
        (['Digest realm="cam", nonce="n1", algorithm=SHA-256-sess, qop="auth"'], "cam", "sha256"),
        (['Digest realm="a \\"b\\", c", nonce=n1, qop="auth"'], 'a "b", c', "md5"),
        (['Digest realm="", nonce="n1", qop="auth", stale=FALSE'], "", "md5"),
        (['Digest realm="K\xfcche", nonce="n1"'], "", ""),
    ],
)
async def test_each_kind_of_digest_that_devices_offer(
    wsdls: Wsdls, challenges: list[str], realm: str, name: str
) -> None:
    latin = not name  # An 8-bit realm must come back byte for byte; the standard library's parser agrees on Latin-1.
    script = guarded(
        lambda request: (
            "K\xfcche" in request.headers.get("authorization", "")
            if latin
            else digest_is_right(request, realm, "n1", name)
        ),
        unauthorized(*challenges),
    )
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        assert (await device.information()).serial == "4711"
        assert device.login_way == "Digest"
    assert camera.ways == [("GetDeviceInformation", "plain"), ("GetDeviceInformation", "Digest")]


async def test_a_digest_nonce_is_used_again_and_its_uses_are_counted(wsdls: Wsdls) -> None:
    async with ScriptedCamera(digest()) as camera, calling(camera, wsdls, LOGIN) as device:
        for _ in range(3):
            await device.information()
    counts = [re.search("nc=([0-9a-f]+)", request.headers.get("authorization", "")) for request in camera.requests]
    assert [count[1] if count else None for count in counts] == [None, "00000001", "00000002", "00000003"]
    proofs = {request.headers.get("authorization") for request in camera.requests}
    assert len(proofs) == 4


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_token_answers_the_fault_on_any_status(wsdls: Wsdls, status: int) -> None:
    refusal = fault("Sender", "NotAuthorized", status=status)
    async with ScriptedCamera(guarded(token_is_right, refusal)) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
        await device.information()
        assert device.login_way == "token"
    assert [way for _, way in camera.ways] == ["plain", "plain", "token", "token"]
    nonces = [request.field("Nonce") for request in camera.requests if request.way == "token"]
    assert len(set(nonces)) == 2


async def test_a_token_carries_the_devices_time_in_zulu_form(wsdls: Wsdls) -> None:
    async with ScriptedCamera(TOKEN) as camera, calling(camera, wsdls, LOGIN) as device:
        assert await device.clock() == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
        await device.information()
    created = camera.requests[-1].field("Created")
    assert re.fullmatch(r"2026-11-24T07:00:[0-9]{2}Z", created)


async def test_the_token_asks_for_the_clock_by_itself(wsdls: Wsdls) -> None:
    async with ScriptedCamera(TOKEN) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
    assert [operation for operation, _ in camera.ways] == [
        "GetDeviceInformation",
        "GetSystemDateAndTime",
        "GetDeviceInformation",
    ]
    assert camera.requests[-1].field("Created").startswith("2026-11-24T07:00:")


@pytest.mark.parametrize("refusal", [unauthorized(), unauthorized('Basic realm="cam"'), unauthorized("Negotiate")])
async def test_a_token_is_tried_where_no_digest_is_offered(wsdls: Wsdls, refusal: Reply) -> None:
    async with ScriptedCamera(guarded(token_is_right, refusal)) as camera, calling(camera, wsdls, LOGIN) as device:
        assert (await device.information()).model == "X-100"
    assert not any(request.way == "Basic" for request in camera.requests)


async def test_a_stale_nonce_is_made_anew_once(wsdls: Wsdls) -> None:
    nonces = iter(["n1", "n2", "n3"])
    stale = False
    current = ""

    def script(request: Request) -> Reply:
        nonlocal current, stale
        if digest_is_right(request, "cam", current) and not stale:
            return INFORMATION
        current = next(nonces)
        note, stale = (", stale=true" if stale else ""), False
        return unauthorized(f'Digest realm="cam", nonce="{current}", qop="auth"{note}')

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
        stale = True
        await device.information()
        await device.information()
    assert [way for _, way in camera.ways] == ["plain", *["Digest"] * 4]


async def test_nonces_for_one_use_cost_one_mistake_and_no_more(wsdls: Wsdls) -> None:
    issued = 0

    def script(request: Request) -> Reply:
        nonlocal issued
        if digest_is_right(request, "cam", f"n{issued}") and "nc=00000001" in request.headers["authorization"]:
            return INFORMATION
        issued += 1
        return unauthorized(f'Digest realm="cam", nonce="n{issued}", qop="auth"')

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        for _ in range(4):
            await device.information()
        assert device.login_way == "Digest"
    ways = [way for _, way in camera.ways]
    assert ways == ["plain", "Digest", "Digest", "Digest", "plain", "Digest", "plain", "Digest"]


async def test_calls_open_to_all_carry_no_credentials_even_when_the_login_is_known(wsdls: Wsdls) -> None:
    for script in (digest(), TOKEN):
        async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
            await device.information()
            await device.clock()
            await device.services()
            await device.certificate_capabilities()
            await device.information()
        open_ways = {way for operation, way in camera.ways if operation in OPEN}
        assert open_ways == {"plain"}
        assert camera.ways[-1][1] in ("Digest", "token")


@pytest.mark.parametrize(
    ("is_right", "refusal"),
    [
        (lambda request: digest_is_right(request, "cam", "n1"), unauthorized(MD5)),
        (token_is_right, unauthorized()),
        (token_is_right, NOT_AUTHORIZED),
    ],
)
async def test_a_device_that_wants_a_login_for_everything_gets_it(
    wsdls: Wsdls, is_right: Callable[[Request], bool], refusal: Reply
) -> None:
    script = guarded(is_right, refusal, ())
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        assert await device.clock() == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
        assert SECURITY_URI in await device.services()
        assert await device.keystore.key_state("k") == "ok"
    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        assert await device.clock() is None
        with pytest.raises(LoginNeededError):
            await device.services()
    assert {way for _, way in camera.ways} == {"plain"}


async def test_a_login_for_the_clock_is_spared_where_a_date_header_tells_it(wsdls: Wsdls) -> None:
    dated = (("WWW-Authenticate", MD5), ("Date", "Tue, 24 Nov 2026 07:00:00 GMT"))
    script = guarded(lambda request: digest_is_right(request, "cam", "n1"), Reply("", 401, dated), ())
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        assert await device.clock() == datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert camera.ways == [("GetSystemDateAndTime", "plain")]


async def test_an_anonymous_question_never_carries_the_login(wsdls: Wsdls) -> None:
    for script in (digest(), TOKEN):
        async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
            await device.information()
            with pytest.raises(LoginNeededError):
                await device.network_protocols(anonymous=True)
        assert camera.ways[-1] == ("GetNetworkProtocols", "plain")


async def test_a_device_that_wants_no_login_is_sent_none(wsdls: Wsdls) -> None:
    script = guarded(lambda request: True, NOT_AUTHORIZED)
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
        await device.network_protocols()
        assert device.login_way == "none"
    assert {way for _, way in camera.ways} == {"plain"}


async def test_what_was_accepted_with_a_fault_was_accepted(wsdls: Wsdls) -> None:
    def script(request: Request) -> Reply:
        right = digest_is_right(request, "cam", "n1")
        return fault("Sender", "InvalidArgVal", "KeyID") if right else digest()(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(FaultError) as failed:
            await device.keystore.key_state("k")
        assert failed.value.codes == ("Sender", "InvalidArgVal", "KeyID")
        assert device.login_way == "Digest"


async def test_two_devices_share_nothing_of_a_login(wsdls: Wsdls) -> None:
    async with (
        ScriptedCamera(digest()) as one,
        ScriptedCamera(digest()) as two,
        calling(one, wsdls, LOGIN) as first,
        calling(two, wsdls, LOGIN) as second,
    ):
        await first.information()
        await second.information()
    assert [way for _, way in two.ways] == ["plain", "Digest"]


@pytest.mark.parametrize("hours", [-24 * 365 * 50, 10])
async def test_a_device_clock_hours_or_decades_away_is_followed(wsdls: Wsdls, hours: int) -> None:
    moment = datetime.now(UTC) + timedelta(hours=hours)

    def script(request: Request) -> Reply:
        return date_and_time(moment) if request.operation == "GetSystemDateAndTime" else TOKEN(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
    created = datetime.strptime(camera.requests[-1].field("Created"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(created - moment) < timedelta(seconds=30)
