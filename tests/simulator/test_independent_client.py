"""The published onvif-zeep client against a simulated camera: it has other opinions of the protocol than we have."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, KeystoreSettings, Way
from tests.simulator.asking import leaf_of, until

PROGRAM = Path(__file__).with_name("onvif_zeep_client.py")
LEGACY = Path(__file__).with_name("onvif_zeep_legacy_client.py")
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def client(camera: Camera, program: Path = PROGRAM) -> AsyncIterator[asyncio.subprocess.Process]:
    settings = camera.settings
    where = (camera.host, str(camera.http_port), settings.user, settings.password)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        str(program),
        *where,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def told(process: asyncio.subprocess.Process, stage: str) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    said: dict[str, Any] = json.loads(line or "{}")
    assert said.get("stage") == stage
    return said


@pytest.mark.parametrize("names", ["old", "new"])
async def test_the_published_client_moves_a_camera_to_its_own_certificate_and_back(names: Any) -> None:
    settings = CameraSettings(login=(Way.TOKEN,), clock_offset=-7200.0, keystore=KeystoreSettings(names=names))
    async with Camera(settings) as camera, client(camera) as process:
        factory = camera.leaf
        device = await told(process, "device")
        assert device["model"] == settings.model
        assert device["protocols"] == [["HTTP", True, [camera.http_port]], ["HTTPS", True, [camera.https_port]]]
        assert await told(process, "capabilities") == {"stage": "capabilities", "keys": 16, "tls": ["1.2", "1.3"]}
        replaced = bytes.fromhex((await told(process, "replaced"))["leaf"])
        await until(lambda: camera.leaf == replaced)
        assert await leaf_of(camera) == replaced
        assert process.stdin is not None
        process.stdin.write(b"go on\n")
        assert (await told(process, "cleaned"))["same"] is True
        await until(lambda: camera.leaf == factory)
        assert await leaf_of(camera) == factory
        assert await process.wait() == 0
        assert {request.login for request in camera.log.requests} == {"", "token"}
        assert not [request for request in camera.log.requests if request.outcome.startswith("Sender/ter:InvalidArgs")]


async def test_the_published_client_goes_the_way_of_the_device_service_too() -> None:
    settings = CameraSettings(login=(Way.TOKEN,), keystore=None, certificates=DeviceCertificatesSettings())
    async with Camera(settings) as camera, client(camera, LEGACY) as process:
        factory = camera.leaf
        assert (await told(process, "capabilities"))["able"] is True
        enabled = bytes.fromhex((await told(process, "enabled"))["leaf"])
        await until(lambda: camera.leaf == enabled)
        assert await leaf_of(camera) == enabled
        assert process.stdin is not None
        process.stdin.write(b"go on\n")
        assert (await told(process, "cleaned"))["left"] is True
        await until(lambda: camera.leaf == factory)
        assert await process.wait() == 0
