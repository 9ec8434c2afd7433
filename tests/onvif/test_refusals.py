"""Logins that fail: once, with a reason, and never again."""

import asyncio

import pytest

from core.model.errors import (
    GarbledError,
    LoginNeededError,
    LoginRefusedError,
    UnsupportedError,
)
from core.model.records import Login
from core.model.secret import Secret
from core.onvif.wsdls import Wsdls
from tests.onvif.scripted import (
    BOTH_SERVICES,
    INFORMATION,
    LOGIN,
    MD5,
    NOT_AUTHORIZED,
    SHA256,
    TOKEN,
    WRONG,
    Reply,
    Request,
    Script,
    ScriptedCamera,
    calling,
    digest,
    digest_is_right,
    fault,
    guarded,
    token_is_right,
    unauthorized,
)

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


async def test_a_device_that_always_cries_stale_is_given_up(wsdls: Wsdls) -> None:
    script = guarded(lambda request: False, unauthorized(f"{MD5}, stale=true"))
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(LoginRefusedError):
            await device.information()
    assert [way for _, way in camera.ways] == ["plain", "Digest", "Digest"]


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
