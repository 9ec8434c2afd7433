"""Logging in, against a camera that counts what it is sent."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.model.errors import (
    FaultError,
    GarbledError,
    LoginNeededError,
    LoginRefusedError,
    UnsupportedError,
)
from core.model.records import Login
from core.model.secret import Secret
from core.onvif.wsdls import SECURITY_URI, Wsdls
from tests.onvif.scripted import (
    BOTH_SERVICES,
    INFORMATION,
    LOGIN,
    NOT_AUTHORIZED,
    WRONG,
    Reply,
    Request,
    Script,
    ScriptedCamera,
    answered,
    calling,
    date_and_time,
    digest_is_right,
    fault,
    token_is_right,
    unauthorized,
)

MD5 = 'Digest realm="cam", nonce="n1", qop="auth"'
SHA256 = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256'
ANSWERS = {
    "GetDeviceInformation": INFORMATION,
    "GetNetworkProtocols": answered("GetNetworkProtocols"),
    "GetServices": BOTH_SERVICES,
    "GetServiceCapabilities": answered("GetServiceCapabilities", "<x:Capabilities/>", SECURITY_URI),
    "GetKeyStatus": answered("GetKeyStatus", "<x:KeyStatus>ok</x:KeyStatus>", SECURITY_URI),
    "GetSystemDateAndTime": date_and_time(datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
}
OPEN = ("GetServices", "GetServiceCapabilities", "GetSystemDateAndTime")


def guarded(is_right: Callable[[Request], bool], refusal: Reply, open_calls: tuple[str, ...] = OPEN) -> Script:
    """A camera that answers what is open to all or rightly logged in, and the rest with `refusal`."""

    def script(request: Request) -> Reply:
        allowed = request.operation in open_calls or is_right(request)
        return ANSWERS[request.operation] if allowed else refusal

    return script


def digest(challenge: str = MD5, realm: str = "cam", name: str = "md5") -> Script:
    return guarded(lambda request: digest_is_right(request, realm, "n1", name), unauthorized(challenge))


TOKEN = guarded(token_is_right, NOT_AUTHORIZED)


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


REFUSING = [
    (digest(), "Digest"),
    (digest(SHA256, name="sha256"), "Digest"),
    (TOKEN, "token"),
    (guarded(token_is_right, unauthorized()), "token"),
    (guarded(lambda request: False, unauthorized('Basic realm="x"')), "token"),
    # Says no in another way than it asked.
    (guarded(lambda r: False, NOT_AUTHORIZED), "token"),
    (lambda r: unauthorized(MD5) if r.way == "plain" else NOT_AUTHORIZED, "Digest"),
    (lambda r: unauthorized(MD5) if r.way == "plain" else unauthorized('Digest realm="cam", nonce="n2"'), "Digest"),
    (lambda r: unauthorized(MD5) if r.way == "plain" else unauthorized('Basic realm="x"'), "Digest"),
    (lambda r: unauthorized(MD5) if r.way == "plain" else unauthorized(), "Digest"),
    (lambda r: unauthorized(MD5) if r.way == "plain" else Reply("locked", 403), "Digest"),
    (lambda r: NOT_AUTHORIZED if r.way == "plain" else unauthorized(MD5), "token"),
]


@pytest.mark.parametrize(("script", "way"), REFUSING)
async def test_a_refused_login_is_tried_exactly_once_in_the_life_of_a_device(
    wsdls: Wsdls, script: Script, way: str
) -> None:
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, WRONG) as device:
        for _ in range(3):
            with pytest.raises(LoginRefusedError) as refused:
                await device.information()
            assert not isinstance(refused.value, LoginNeededError)
            assert refused.value.hint
        with pytest.raises(LoginRefusedError):
            await device.keystore.key_state("k")
        with pytest.raises(LoginRefusedError):
            await asyncio.gather(device.network_protocols(), device.information())
        assert device.login_way == ""
    attempts = [used for _, used in camera.ways if used != "plain"]
    assert attempts == [way]


async def test_calls_at_the_same_time_share_the_one_attempt(wsdls: Wsdls) -> None:
    async with ScriptedCamera(digest()) as camera, calling(camera, wsdls, WRONG) as device:
        outcomes = await asyncio.gather(
            *(device.information() for _ in range(5)), device.keystore.key_state("k"), return_exceptions=True
        )
    assert all(isinstance(outcome, LoginRefusedError) for outcome in outcomes)
    assert [way for _, way in camera.ways].count("Digest") == 1


async def test_the_token_is_not_tried_with_a_password_that_digest_refused(wsdls: Wsdls) -> None:
    async with ScriptedCamera(digest()) as camera, calling(camera, wsdls, WRONG) as device:
        with pytest.raises(LoginRefusedError):
            await device.information()
    assert "token" not in {way for _, way in camera.ways}


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ("<html>Login failed. You still have 3 attempt(s).</html>", 3),
        ("2 attempts left", 2),
        ("<html>Attempts remaining: <b>1</b></html>", 1),
        ("<userCheck><retryLoginTime>4</retryLoginTime></userCheck>", 4),
        ("Remaining attempts = 5", 5),
        ("1 more try", 1),
        ("3 remaining login attempts", 3),
        ("<html>HTTP/1.1 401. Port 8080</html>", None),
        ("<style>td {margin-left: 0; left:10; } </style>Locked after 5 attempts. Time remaining: 12", None),
        ("", None),
    ],
)
async def test_attempts_left_are_told_where_the_device_tells_them(wsdls: Wsdls, body: str, left: int | None) -> None:
    script = guarded(lambda request: False, unauthorized(MD5, body=body))
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, WRONG) as device:
        with pytest.raises(LoginRefusedError) as refused:
            await device.information()
    assert refused.value.attempts_left == left
    assert (str(left) in refused.value.title) == (left is not None)
    assert "ONVIF user" in refused.value.hint


@pytest.mark.parametrize("script", [digest(), TOKEN, guarded(lambda r: False, unauthorized())])
async def test_without_a_login_the_need_for_one_is_told(wsdls: Wsdls, script: Script) -> None:
    async with ScriptedCamera(script) as camera, calling(camera, wsdls) as device:
        with pytest.raises(LoginNeededError):
            await device.information()
    assert [way for _, way in camera.ways] == ["plain"]


@pytest.mark.parametrize(
    ("challenge", "title"),
    [
        ('Digest realm="cam", nonce="n1", algorithm=SHA-999', "kind of Digest"),
        ('Digest realm="cam", nonce="n1", qop="auth-int"', "kind of Digest"),
        ('Digest realm="cam"', "kind of Digest"),
        ('Digest realm="cam, nonce="n1', "kind of Digest"),
        ("Digest", "kind of Digest"),
        ("Digest ,,,=,", "kind of Digest"),
        ('Basic realm="cam"', "only offers Basic"),
    ],
)
async def test_odd_challenges_become_one_clear_error(wsdls: Wsdls, challenge: str, title: str) -> None:
    script = guarded(lambda request: False, unauthorized(challenge))
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(LoginRefusedError, match=title) as refused:
            await device.information()
        with pytest.raises(LoginRefusedError, match=title):
            await device.information()
    assert "was not sent" in refused.value.hint
    assert not any("authorization" in request.headers for request in camera.requests)


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


async def test_a_device_that_always_cries_stale_is_given_up(wsdls: Wsdls) -> None:
    script = guarded(lambda request: False, unauthorized(f"{MD5}, stale=true"))
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(LoginRefusedError):
            await device.information()
    assert [way for _, way in camera.ways] == ["plain", "Digest", "Digest"]


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


async def test_a_password_that_was_changed_meanwhile_is_sent_twice_at_most(wsdls: Wsdls) -> None:
    changed, issued = False, 0

    def script(request: Request) -> Reply:
        nonlocal issued
        if not changed and digest_is_right(request, "cam", f"n{issued}"):
            return INFORMATION
        issued += 1
        return unauthorized(f'Digest realm="cam", nonce="n{issued}", qop="auth"')

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
        changed = True
        before = len(camera.requests)
        for _ in range(3):
            with pytest.raises(LoginRefusedError, match="any more") as refused:
                await device.information()
            assert "password were changed" in refused.value.hint
    assert len(camera.requests) - before == 2


async def test_a_good_login_without_the_right_is_no_wrong_password(wsdls: Wsdls) -> None:
    def script(request: Request) -> Reply:
        if request.operation == "GetServices":
            return BOTH_SERVICES
        if not digest_is_right(request, "cam", "n1"):
            return unauthorized(MD5)
        return NOT_AUTHORIZED if request.operation == "GetKeyStatus" else INFORMATION

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
        with pytest.raises(LoginRefusedError, match="does not allow this login to call GetKeyStatus") as refused:
            await device.keystore.key_state("k")
        assert "administrator" in refused.value.hint
        await device.information()


async def test_calls_open_to_all_carry_no_credentials_even_when_the_login_is_known(wsdls: Wsdls) -> None:
    for script in (digest(), TOKEN):
        async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
            await device.information()
            await device.clock()
            await device.services()
            await device.keystore_capabilities()
            await device.information()
        open_ways = {way for operation, way in camera.ways if operation in OPEN}
        assert open_ways == {"plain"}
        assert camera.ways[-1][1] in ("Digest", "token")


async def test_a_device_that_wants_a_login_for_everything_gets_it(wsdls: Wsdls) -> None:
    script = guarded(lambda request: digest_is_right(request, "cam", "n1"), unauthorized(MD5), ())
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


@pytest.mark.parametrize(
    "login",
    [
        Login("x\r\nX-Injected: 1", Secret("p")),
        Login("x\x00", Secret("p")),
        Login("\ud800", Secret("p")),
        Login("x", Secret("\udcff")),
    ],
)
async def test_a_login_that_cannot_be_sent_is_not(wsdls: Wsdls, login: Login) -> None:
    for script in (digest(), TOKEN):
        async with ScriptedCamera(script) as camera, calling(camera, wsdls, login) as device:
            with pytest.raises(LoginRefusedError, match="cannot be sent"):
                await device.information()
        assert [way for _, way in camera.ways] == ["plain"]


@pytest.mark.parametrize("user", ['o\'hara <&> "x" \\', "Jürgen", "用户"])
async def test_any_other_user_name_is_sent(wsdls: Wsdls, user: str) -> None:
    for script in (digest(), TOKEN):
        async with ScriptedCamera(script) as camera, calling(camera, wsdls, Login(user, Secret("p"))) as device:
            with pytest.raises(LoginRefusedError, match="refused"):
                await device.information()
        assert {way for _, way in camera.ways} & {"Digest", "token"}


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


async def test_a_closed_door_is_no_question_of_the_login(wsdls: Wsdls) -> None:
    async with ScriptedCamera(lambda request: Reply("no", 403)) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(GarbledError, match="403"):
            await device.information()
    assert {way for _, way in camera.ways} == {"plain"}


async def test_a_fault_that_is_none_of_the_login_leaves_it_alone(wsdls: Wsdls) -> None:
    script = guarded(lambda request: False, fault("Receiver", "ActionNotSupported"))
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(UnsupportedError):
            await device.information()
    assert [way for _, way in camera.ways] == ["plain"]


@pytest.mark.parametrize("hours", [-24 * 365 * 50, 10])
async def test_a_device_clock_hours_or_decades_away_is_followed(wsdls: Wsdls, hours: int) -> None:
    moment = datetime.now(UTC) + timedelta(hours=hours)

    def script(request: Request) -> Reply:
        return date_and_time(moment) if request.operation == "GetSystemDateAndTime" else TOKEN(request)

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
    created = datetime.strptime(camera.requests[-1].field("Created"), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert abs(created - moment) < timedelta(seconds=30)
