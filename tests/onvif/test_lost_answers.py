"""Devices that hang up instead of answering: what is asked again, and what must not be."""

from collections.abc import Callable

import pytest

from core.decide.key_choice import KeySpec
from core.model.errors import AnswerLostError
from core.onvif.device import OnvifDevice
from core.onvif.wsdls import SECURITY_URI, Wsdls
from tests.onvif.scripted import ANSWERS, LOGIN, LOST, Reply, Request, ScriptedCamera, answered, calling, digest

KEY = answered("CreateRSAKeyPair", "<x:KeyID>k</x:KeyID>", SECURITY_URI)


def losing(operation: str, way: str, times: int) -> Callable[[Request], Reply]:
    """A camera with Digest that loses its first answers to one operation in one way of login."""
    left = times

    def script(request: Request) -> Reply:
        nonlocal left
        if (request.operation, request.way) == (operation, way) and left > 0:
            left -= 1
            return LOST
        good = request.operation == "CreateRSAKeyPair" and request.way == "Digest"
        return KEY if good else digest()(request)

    return script


async def learn(device: OnvifDevice) -> None:
    assert (await device.information()).serial == "4711"


async def make_key(device: OnvifDevice) -> None:
    await device.information()
    await device.keystore.create_key(KeySpec(2048), "ours")


async def test_a_question_whose_answer_was_lost_is_asked_once_more(wsdls: Wsdls) -> None:
    script = losing("GetDeviceInformation", "plain", 1)
    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await learn(device)
    assert [way for _, way in camera.ways] == ["plain", "plain", "Digest"]


async def test_a_login_that_has_proved_good_is_sent_once_more(wsdls: Wsdls) -> None:
    async with ScriptedCamera(losing("GetKeyStatus", "Digest", 1)) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.information()
        assert await device.keystore.key_state("k") == "ok"
    proofs = [request.headers["authorization"] for request in camera.requests if request.operation == "GetKeyStatus"]
    assert len(set(proofs)) == 2


@pytest.mark.parametrize(
    ("operation", "way", "ask"),
    [
        ("GetDeviceInformation", "plain", learn),
        ("GetDeviceInformation", "Digest", learn),
        ("CreateRSAKeyPair", "Digest", make_key),
    ],
    ids=["a second time", "first login", "change"],
)
async def test_what_may_have_been_refused_or_done_is_not_sent_again(
    wsdls: Wsdls, operation: str, way: str, ask: Callable[[OnvifDevice], object]
) -> None:
    async with ScriptedCamera(losing(operation, way, 9)) as camera, calling(camera, wsdls, LOGIN) as device:
        with pytest.raises(AnswerLostError):
            await ask(device)  # type: ignore[misc]
    assert camera.ways.count((operation, way)) == (2 if way == "plain" else 1)


async def test_what_must_not_be_lost_gets_a_connection_of_its_own(wsdls: Wsdls) -> None:
    def script(request: Request) -> Reply:
        return KEY if request.operation == "CreateRSAKeyPair" else ANSWERS[request.operation]

    async with ScriptedCamera(script) as camera, calling(camera, wsdls, LOGIN) as device:
        await device.services()
        await device.information()
        assert camera.connections == 1
        await device.keystore.create_key(KeySpec(2048), "ours")
        assert camera.connections == 2
