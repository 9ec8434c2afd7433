import asyncio
import time
from contextlib import suppress
from typing import Literal

import httpx
import pytest

from core.simulator.camera import Camera
from core.simulator.contents import KeyStatus
from core.simulator.mishaps import Mishaps
from core.simulator.settings import CameraSettings, Mishap, Timing
from tests.simulator.asking import DEADLINE, Client, leaf_of, until
from tests.simulator.installing import Installer

KEYS = "<tas:GetAllKeys/>"
CREATE = "CreateECCKeyPair"


def camera_with(operation: str, mishap: Mishap) -> Camera:
    return Camera(CameraSettings(faults={operation: mishap}))


def keys(camera: Camera) -> int:
    return len(camera.keystore.contents.keys)


def test_a_mishap_comes_after_so_many_calls_for_so_many_calls() -> None:
    mishap = Mishap("drop_before", skip=2, times=3)
    mishaps = Mishaps({"GetAllKeys": mishap})
    assert [mishaps.take("GetAllKeys") is mishap for _ in range(7)] == [False, False, True, True, True, False, False]
    assert mishaps.take("DeleteKey") is None


def test_a_new_plan_counts_anew() -> None:
    mishaps = Mishaps({"GetAllKeys": Mishap("hang")})
    assert mishaps.take("GetAllKeys")
    mishaps.plan("GetAllKeys", Mishap("hang"))
    assert mishaps.take("GetAllKeys")
    assert not mishaps.take("GetAllKeys")


@pytest.mark.parametrize("code", ["", "KeyID", "Sender/KeyID", "Nobody/ter:KeyID"])
def test_a_fault_that_cannot_be_is_not_planned(code: str) -> None:
    with pytest.raises(ValueError, match="not a fault"):
        Mishap("fault", code)


async def test_a_planned_fault_is_answered_and_nothing_done() -> None:
    code = "Receiver/ter:Action/ter:MaximumNumberOfKeysReached"
    async with camera_with(CREATE, Mishap("fault", code)) as camera, Client(camera) as client:
        before = keys(camera)
        reply = await Installer(client).ask(CREATE, EllipticCurve="secp256r1")
        assert (reply.status, reply.fault, keys(camera)) == (500, code, before)
        assert (await Installer(client).ask(CREATE, EllipticCurve="secp256r1")).status == 200
        assert [entry.outcome for entry in camera.log.requests if entry.operation == CREATE][-2:] == [code, "ok"]


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("lose_reply", 1)])
async def test_a_call_is_lost_before_or_after_it_was_carried_out(kind: str, made: int) -> None:
    async with Camera() as camera, Client(camera) as client:
        await client.ask(KEYS)
        camera.mishaps.plan(CREATE, Mishap("drop_before" if kind == "drop_before" else "lose_reply"))
        before = keys(camera)
        with pytest.raises(httpx.TransportError):
            await Installer(client).ask(CREATE, EllipticCurve="secp256r1")
        assert keys(camera) == before + made
        assert camera.log.requests[-1].outcome == "dropped"


async def test_a_web_server_in_front_answers_html() -> None:
    async with camera_with("GetAllKeys", Mishap("http_500_html")) as camera, Client(camera) as client:
        reply = await client.ask(KEYS)
        assert (reply.status, reply.body, reply.headers["content-type"]) == (500, None, "text/html; charset=utf-8")


async def test_a_camera_may_hang_without_holding_up_anything_else() -> None:
    async with camera_with("GetAllKeys", Mishap("hang")) as camera, Client(camera) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.ask(KEYS, deadline=0.2)
        assert (await client.ask(KEYS)).status == 200


async def test_a_camera_may_hang_after_all_was_done() -> None:
    async with camera_with(CREATE, Mishap("hang_after")) as camera, Client(camera) as client:
        before = keys(camera)
        with pytest.raises(httpx.ReadTimeout):
            await client.ask(
                f"<tas:{CREATE}><tas:EllipticCurve>secp256r1</tas:EllipticCurve></tas:{CREATE}>", deadline=0.2
            )
        assert keys(camera) == before + 1


NETWORK_CUTS: list[tuple[Literal["network_cut_before", "network_cut_after"], int]] = [
    ("network_cut_before", 0),
    ("network_cut_after", 1),
]


@pytest.mark.parametrize(("kind", "made"), NETWORK_CUTS)
async def test_the_network_is_cut_before_or_after_a_call_and_the_camera_goes_on(
    kind: Literal["network_cut_before", "network_cut_after"], made: int
) -> None:
    async with Camera(CameraSettings(timing=Timing(cut=0.1))) as camera, Client(camera) as client:
        await client.ask(KEYS)
        device, before = camera.device, keys(camera)
        camera.mishaps.plan(CREATE, Mishap(kind))
        with pytest.raises(httpx.TransportError):
            await Installer(client).ask(CREATE, EllipticCurve="secp256r1")
        assert keys(camera) == before + made
        await until_refused(camera)
        await until_answered(client)
        assert camera.device is device
        # What was being made meanwhile is done.
        await until(lambda: {key.status for key in camera.keystore.contents.keys.values()} == {KeyStatus.OK})


async def test_a_cut_network_ends_connections_and_no_new_ones_are_let_in() -> None:
    settings = CameraSettings(timing=Timing(cut=0.1))
    async with Camera(settings) as camera, Client(camera) as client, Client(camera, "https") as other:
        await other.ask(KEYS)
        reader, writer = await asyncio.open_connection(camera.host, camera.http_port)
        cut = asyncio.create_task(camera.network_cut())
        assert await reader.read() == b""
        writer.close()
        await until_refused(camera)
        assert (camera.is_on, camera.is_reachable) == (True, False)
        await cut
        assert camera.is_reachable
        assert (await client.ask(KEYS)).status == (await other.ask(KEYS)).status == 200


async def test_a_certificate_that_is_changed_while_the_network_is_cut_is_served_afterwards() -> None:
    async with Camera(CameraSettings(timing=Timing(switch=0.01, restart=0.01, cut=0.2))) as camera:
        cut = asyncio.create_task(camera.network_cut())
        await until_refused(camera)
        await camera.change_certificate("new_certificate")
        await until_refused(camera)
        assert not cut.done()
        await cut
        assert await leaf_of(camera) == camera.leaf


async def until_refused(camera: Camera) -> None:
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(ConnectionRefusedError):
            while True:
                # One that waited to be accepted is reset.
                with suppress(ConnectionResetError):
                    _, writer = await asyncio.open_connection(camera.host, camera.http_port)
                    writer.close()


async def until_answered(client: Client) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            with suppress(httpx.ConnectError):
                assert (await client.ask(KEYS)).status == 200
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("kind", "made"), [("power_cut_before", 0), ("power_cut_after", 1)])
async def test_the_power_is_cut_before_or_after_a_call(kind: str, made: int) -> None:
    async with Camera() as camera, Client(camera) as client:
        key = await Installer(client).key()
        camera.mishaps.plan("DeleteKey", Mishap("power_cut_before" if made == 0 else "power_cut_after"))
        with pytest.raises(httpx.TransportError):
            await Installer(client).ask("DeleteKey", KeyID=key)
        await until(lambda: not camera.is_on)
        await until(lambda: camera.is_on)
        assert (key in camera.keystore.contents.keys) == (made == 0)


async def test_a_camera_is_as_slow_as_it_is_said_to_be() -> None:
    async with Camera(CameraSettings(timing=Timing(answer=0.1, key=0.3))) as camera, Client(camera) as client:
        started = time.monotonic()
        await client.ask("<tds:GetHostname/>")
        assert time.monotonic() - started >= 0.1
        started = time.monotonic()
        await Installer(client).key()
        assert time.monotonic() - started >= 0.3
