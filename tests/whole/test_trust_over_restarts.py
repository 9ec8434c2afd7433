"""Power cuts at the gateway, at the cameras and at both: whatever changed meanwhile is found, and nothing is half done.

What changes under the eyes of a running engine is in `tests/engine/test_trust_processes.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.model.errors import EngineGoneError
from core.model.messages import AcceptCertificate, Done
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks
from tests.engine.cameras import contents, select
from tests.engine.process import DEADLINE, until
from tests.whole.technician import Silence, Technician, fingerprint, technician

FORGETS = CameraSettings(host="127.0.13.3", serial="3", quirks=Quirks(forgets_assignment=True))


@asynccontextmanager
async def two_cameras() -> AsyncIterator[tuple[Camera, Camera]]:
    """Two on the same port of different addresses, as on a site where every camera has the usual one."""
    async with Camera(CameraSettings(host="127.0.13.1", serial="1")) as one:
        other = CameraSettings(host="127.0.13.2", serial="2", https_port=one.https_port)
        async with Camera(other) as two:
            yield one, two


async def told(tech: Technician, device: str) -> list[str]:
    events = (await tech.types("events", "--device", device, "--json")).json
    return [event["kind"] for event in events]


async def is_only_itself(tech: Technician, device: Any, *cameras: Camera) -> None:
    """Wait until a device is known to be here or not, and fail if another camera passes for it."""

    async def so() -> bool:
        return (await tech.shows(device["name"]))["connection"] in ("blocked", "online")

    await until(so)
    view = await tech.shows(device["name"])
    [at_its_place] = [camera for camera in cameras if camera.host == view["host"]]
    is_there = await fingerprint(at_its_place) == device["fingerprint"]
    assert (view["connection"] == "online") is is_there
    assert (view["fingerprint"], view["origin"]) == (device["fingerprint"], "issued")


async def test_cameras_that_were_swapped_while_the_gateway_had_no_power_never_pass_for_each_other(
    tmp_path: Path,
) -> None:
    async with two_cameras() as (one, two), technician(tmp_path) as tech:
        added = [await tech.adds(one, "Lobby"), await tech.adds(two, "Stairs")]
        silences = [Silence(one), Silence(two)]

        tech.engine.kill()
        await one.swap(two)
        await tech.engine.start()
        for _ in range(2):
            for silence in silences:
                await silence.lasts()
            for device in added:
                await is_only_itself(tech, device, one, two)
                assert (await told(tech, device["name"])).count("blocked") == 1
            await tech.pulls_the_plug()

        tech.engine.kill()
        await one.swap(two)
        await tech.engine.start()
        for device in added:
            after = await tech.sees(device["name"], "online", device["host"])
            assert (after["fingerprint"], after["presented"]) == (device["fingerprint"], None)
            assert (after["certificate_field"], after["attention"]) == ("HTTPS (Arcules)", None)
        await tech.types("check")
        assert all(silence.was_kept() for silence in silences)


async def test_a_change_while_the_gateway_had_no_power_blocks_until_it_is_undone_as_unseen(tmp_path: Path) -> None:
    async with Camera(FORGETS) as camera, technician(tmp_path) as tech:
        added = await tech.adds(camera, "Dock")
        [ours] = contents(camera).assigned
        silence = Silence(camera)

        tech.engine.kill()
        await camera.power_cut()
        await tech.engine.start()

        blocked = await tech.sees("Dock", "blocked")
        assert (blocked["fingerprint"], blocked["presented"]) == (added["fingerprint"], await fingerprint(camera))
        await silence.lasts()

        tech.engine.kill()
        await select(camera, ours)
        await tech.engine.start()

        after = await tech.sees("Dock", "online")
        assert (after["fingerprint"], after["presented"]) == (added["fingerprint"], None)
        assert await told(tech, "Dock") == ["added", "installed", "blocked", "online"]


async def look_at(camera: Camera) -> None:
    """Return as soon as somebody has finished the next handshake with it."""
    seen = len(camera.log.connections)
    async with asyncio.timeout(DEADLINE):
        while len(camera.log.connections) == seen:
            await asyncio.sleep(0.001)


async def test_killed_at_the_very_look_that_sees_another_certificate(tmp_path: Path) -> None:
    async with Camera(FORGETS) as camera, technician(tmp_path) as tech:
        added = await tech.adds(camera, "Dock")
        silence = Silence(camera)
        await camera.power_cut()
        await look_at(camera)
        await tech.pulls_the_plug()
        blocked = await tech.sees("Dock", "blocked")
        assert (blocked["fingerprint"], blocked["presented"]) == (added["fingerprint"], await fingerprint(camera))
        await silence.lasts()


async def accepts(client: Client, device: str, fingerprint: str) -> bool:
    """Tell whether the engine lived long enough to say that it was accepted."""
    try:
        return await client.ask(AcceptCertificate(device=device, fingerprint=fingerprint)) == Done()
    except EngineGoneError:
        return False


async def test_killed_while_accepting_it_is_accepted_or_not_and_then_can_be(tmp_path: Path) -> None:
    async with Camera(FORGETS) as camera, technician(tmp_path, watched=False) as tech:
        added = await tech.adds(camera, "Dock")
        await camera.power_cut()
        await tech.types("check", code=3)
        shown, silence = await fingerprint(camera), Silence(camera)

        # Not by a command, which would start another engine where there is none.
        async with await Client.connect(socket_path(tech.engine.state)) as client:
            accepting = asyncio.create_task(accepts(client, added["id"], shown))
            await look_at(camera)
            tech.engine.kill()
            answered = await accepting

        await tech.engine.start()
        view = await tech.shows("Dock")
        accepted = view["fingerprint"] == shown
        assert accepted or not answered
        assert (await told(tech, "Dock")).count("accepted") == int(accepted)
        if not accepted:
            assert (view["fingerprint"], view["connection"]) == (added["fingerprint"], "blocked")
            await tech.types("accept", "Dock", "--fingerprint", shown)
        assert silence.was_kept()
        # The login is still there, for the certificate that is trusted now.
        await tech.types("reissue", "Dock")
        await tech.types("check")
        assert (await tech.shows("Dock"))["fingerprint"] == await fingerprint(camera)
