"""Logging in over HTTP, with httpx as the other side of Digest."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx
import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks, Way
from tests.simulator.asking import Client, Reply, token

INFORMATION = "<tds:GetDeviceInformation/>"
CLOCK = "<tds:GetSystemDateAndTime/>"
NOT_AUTHORIZED = "Sender/ter:NotAuthorized"
DIGESTS = (Way.DIGEST_SHA256, Way.DIGEST_MD5)


def own_token(camera: Camera, **given: str) -> str:
    return token(camera.settings.user, given.get("password", camera.settings.password), camera.device.clock.now())


async def ask_wrongly(camera: Camera) -> Reply:
    """One attempt with a wrong password. A client that has a challenge from before would make two of it."""
    async with Client(camera, auth=httpx.DigestAuth(camera.settings.user, "wrong")) as stranger:
        return await stranger.ask(INFORMATION)


def offered(challenges: list[str]) -> list[str]:
    return [challenge.partition("algorithm=")[2].partition(",")[0] for challenge in challenges]


@pytest.mark.parametrize("ways", [(Way.DIGEST_MD5,), (Way.DIGEST_SHA256,)])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_digest_opens(ways: tuple[Way, ...], scheme: str) -> None:
    async with Camera(CameraSettings(login=ways)) as camera, Client(camera, scheme) as client:
        for _ in range(2):
            reply = await client.ask(INFORMATION)
            assert (reply.status, reply.text("Model")) == (200, camera.settings.model)
        assert [entry.login for entry in camera.log.requests] == ["", "Digest", "Digest"]
        assert [entry.credentials for entry in camera.log.requests] == [(), ("Digest",), ("Digest",)]
        assert {entry.scheme for entry in camera.log.requests} == {scheme}


async def test_who_comes_without_login_is_told_every_digest_that_the_camera_takes() -> None:
    async with Camera(CameraSettings(login=(*DIGESTS, Way.TOKEN))) as camera, Client(camera) as client:
        reply = await client.ask(INFORMATION, anonymous=True)
        assert (reply.status, reply.fault) == (401, NOT_AUTHORIZED)
        assert offered(reply.headers.get_list("www-authenticate")) == ["SHA-256", "MD5"]


async def test_a_camera_without_digest_says_it_with_a_fault_alone() -> None:
    async with Camera(CameraSettings(login=(Way.TOKEN,))) as camera, Client(camera) as client:
        reply = await client.ask(INFORMATION)
        assert (reply.status, reply.fault) == (400, NOT_AUTHORIZED)
        assert "www-authenticate" not in reply.headers


async def test_a_token_opens_by_the_camera_s_own_clock_and_once() -> None:
    settings = CameraSettings(login=(Way.TOKEN,), lost_clock=True)
    async with Camera(settings) as camera, Client(camera) as client:
        header = own_token(camera)
        assert (await client.ask(INFORMATION, header)).status == 200
        again = await client.ask(INFORMATION, header)
        assert (again.status, again.fault) == (400, NOT_AUTHORIZED)
        ours = token(settings.user, settings.password, datetime.now(UTC))
        assert (await client.ask(INFORMATION, ours)).fault == NOT_AUTHORIZED
        entries = list(camera.log.requests)
        assert [entry.login for entry in entries] == ["token", "", ""]
        assert {entry.credentials for entry in entries} == {("token",)}
        assert {entry.at.year for entry in entries} == {1970}


async def test_a_camera_that_takes_only_digest_does_not_look_at_tokens() -> None:
    async with Camera(CameraSettings(login=DIGESTS)) as camera, Client(camera) as client:
        assert (await client.ask(INFORMATION, own_token(camera), anonymous=True)).status == 401


async def test_basic_is_never_taken() -> None:
    async with Camera() as camera:
        basic = httpx.BasicAuth(camera.settings.user, camera.settings.password)
        async with Client(camera, auth=basic) as client:
            assert (await client.ask(INFORMATION)).status == 401
        assert camera.log.requests[0].credentials == ("Basic",)


@pytest.mark.parametrize(
    "operation", ["GetSystemDateAndTime", "GetServices", "GetServiceCapabilities", "GetCapabilities", "GetHostname"]
)
async def test_what_comes_before_a_login_needs_none(operation: str) -> None:
    inside = "<tds:IncludeCapability>false</tds:IncludeCapability>" if operation == "GetServices" else ""
    async with Camera() as camera, Client(camera) as client:
        reply = await client.ask(f"<tds:{operation}>{inside}</tds:{operation}>", anonymous=True)
        assert (reply.status, reply.fault) == (200, "")


async def test_some_cameras_want_a_login_even_for_the_time() -> None:
    async with Camera(CameraSettings(quirks=Quirks(clock_needs_login=True))) as camera, Client(camera) as client:
        assert (await client.ask(CLOCK, anonymous=True)).status == 401
        assert (await client.ask(CLOCK)).status == 200


async def test_wrong_logins_lock_the_camera_for_a_while_even_for_the_right_one() -> None:
    settings = CameraSettings(lockout_after=3, lockout_time=0.3, quirks=Quirks(tells_attempts=True))
    async with Camera(settings) as camera, Client(camera) as client:
        said = [(await ask_wrongly(camera)).reason for _ in range(4)]
        assert said[0].endswith("You still have 2 attempt(s)")
        assert said[1].endswith("You still have 1 attempt(s)")
        assert said[2] == said[3] == "The account is locked"
        assert (await client.ask(INFORMATION)).reason == "The account is locked"
        assert (await client.ask(CLOCK)).status == 200
        while (await client.ask(INFORMATION)).status != 200:
            assert len(camera.log.requests) < 2000


async def test_a_right_login_starts_the_count_anew() -> None:
    settings = CameraSettings(lockout_after=2)
    async with Camera(settings) as camera, Client(camera) as client:
        for _ in range(3):
            assert (await ask_wrongly(camera)).status == 401
            assert (await client.ask(INFORMATION)).status == 200


async def test_an_old_token_does_not_count_as_a_wrong_login() -> None:
    settings = CameraSettings(login=(Way.TOKEN,), lockout_after=1)
    async with Camera(settings) as camera, Client(camera) as client:
        old = token(settings.user, settings.password, datetime.now(UTC) - timedelta(hours=1))
        assert (await client.ask(INFORMATION, old)).fault == NOT_AUTHORIZED
        assert (await client.ask(INFORMATION, own_token(camera))).status == 200
        assert (await client.ask(INFORMATION, own_token(camera, password="wrong"))).fault == NOT_AUTHORIZED
        assert (await client.ask(INFORMATION, own_token(camera))).reason == "The account is locked"


@pytest.mark.parametrize("level", ["Operator", "User"])
async def test_only_administrators_get_at_the_keystore(level: Literal["Operator", "User"]) -> None:
    async with Camera(CameraSettings(level=level)) as camera, Client(camera) as client:
        assert (await client.ask(INFORMATION)).status == 200
        reply = await client.ask("<tas:GetAllKeys/>")
        assert (reply.status, reply.fault) == (400, NOT_AUTHORIZED)


async def test_no_password_gets_into_the_log() -> None:
    async with Camera() as camera, Client(camera) as client:
        await client.ask(INFORMATION)
        await ask_wrongly(camera)
        await client.ask(INFORMATION, own_token(camera), anonymous=True)
        assert camera.settings.password not in repr(camera.log)
        assert "response" not in repr(camera.log)
