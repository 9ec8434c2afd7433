"""The three orders of using one's own certificate, as a technician does them: commands, engine and cameras for real."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks
from tests.engine.cameras import contents, install_own, select
from tests.whole.technician import Silence, Technician, fingerprint, presented, technician

MANAGED = CameraSettings(host="127.0.12.1", serial="1")
UNMANAGED = CameraSettings(host="127.0.12.2", serial="2", keystore=None)
RESTLESS = CameraSettings(host="127.0.12.3", serial="3", quirks=Quirks(new_certificate_at_boot=True))
OURS = ("HTTPS (Arcules)", "issued", "online")
TRUSTED = ("HTTPS (Arcules)", "accepted", "online")
READING = {
    "GetSystemDateAndTime",
    "GetServices",
    "GetCapabilities",
    "GetServiceCapabilities",
    "GetDeviceInformation",
    "GetNetworkProtocols",
}


def shown_as(device: Any) -> tuple[str, str, str]:
    return device["certificate_field"], device["origin"], device["connection"]


async def accepts_what_it_reviewed(tech: Technician, name: str, own: str) -> None:
    """Read the comparison, accept the fingerprint that stands there, and cut the gateway's power."""
    reviewed = (await tech.types("review", name, "--json", code=3)).json["presented"]
    assert reviewed["fingerprint"] == own
    accepted = await tech.types("accept", name, "--fingerprint", reviewed["fingerprint"], "--reason", "our own")
    assert f"Accepted. {name} " in accepted.text
    assert "HTTPS (Arcules)" in accepted.text
    assert (await tech.types("review")).text.strip() == "Nothing to review."
    await tech.pulls_the_plug()
    await tech.types("check")
    after = await tech.shows(name)
    assert (shown_as(after), after["fingerprint"], after["presented"]) == (TRUSTED, own, None)


async def is_blocked(tech: Technician, name: str, before: Any, own: str) -> None:
    """Wait until the device is blocked by itself, and look at all that a technician is told."""
    blocked = await tech.sees(name, "blocked")
    assert (blocked["fingerprint"], blocked["presented"]) == (before["fingerprint"], own)
    assert "Error with device certificate" in blocked["attention"]
    await tech.types("check", code=3)
    assert "BLOCKED" in (await tech.types("list")).text
    compared = (await tech.types("review", name, code=3)).text
    for digits in (before["fingerprint"], own):
        assert digits in "".join(compared.split())
    differences = (await tech.types("review", name, "--json", code=3)).json["differences"]
    different = {difference["label"] for difference in differences if not difference["same"]}
    assert different >= {"Serial", "Key SHA-256", "SHA-256"}


async def exports(tech: Technician, name: str, which: str) -> bytes:
    """Download a certificate, open it with a tool that is not ours where there is one, and return it."""
    file = Path((await tech.types("export", name, "--which", which, "--json")).json["file"])
    assert file.suffix == ".cer"
    der = file.read_bytes()
    file.unlink()
    if openssl := shutil.which("openssl"):
        digest = hashlib.sha256(der).hexdigest()
        command = [openssl, "x509", "-inform", "DER", "-noout", "-fingerprint", "-sha256", "-issuer"]
        read = subprocess.run(command, input=der, capture_output=True, timeout=30, check=True).stdout.decode()
        assert digest in read.replace(":", "").lower()
        assert "Site CA" in read
    return der


async def test_a_managed_camera_is_added_first_then_gets_the_own_one_which_is_accepted(tmp_path: Path) -> None:
    async with Camera(MANAGED) as camera, technician(tmp_path) as tech:
        added = await tech.adds(camera, "Dock")
        assert shown_as(added) == OURS
        silence = Silence(camera)
        await camera.change_certificate("install_own")
        own = await presented(camera)
        await is_blocked(tech, "Dock", added, hashlib.sha256(own).hexdigest())
        assert await exports(tech, "Dock", "presented") == own
        await silence.lasts()
        await accepts_what_it_reviewed(tech, "Dock", hashlib.sha256(own).hexdigest())
        assert await exports(tech, "Dock", "stored") == own


async def test_one_of_several_is_selected_after_adding_and_accepted(tmp_path: Path) -> None:
    async with Camera(MANAGED) as camera, technician(tmp_path) as tech:
        own, path = await install_own(camera, use=False)
        added = await tech.adds(camera, "Dock")
        assert shown_as(added) == OURS
        held = contents(camera)
        assert path in held.paths
        await select(camera, path)
        silence = Silence(camera)
        await is_blocked(tech, "Dock", added, own)
        await silence.lasts()
        await accepts_what_it_reviewed(tech, "Dock", own)
        await silence.lasts()
        # Both are still there to be chosen from, and nothing but the choice was changed.
        assert contents(camera).paths == held.paths
        assert await fingerprint(camera) == own


async def test_without_certificate_management_the_own_one_is_first_and_never_touched(tmp_path: Path) -> None:
    async with Camera(UNMANAGED) as camera, technician(tmp_path) as tech:
        await camera.change_certificate("install_own")
        own, held = await presented(camera), contents(camera)
        added = await tech.adds(camera, "Dock", code=3)
        assert shown_as(added) == ("HTTPS (Device)", "device", "online")
        await accepts_what_it_reviewed(tech, "Dock", hashlib.sha256(own).hexdigest())
        assert await exports(tech, "Dock", "stored") == own
        assert contents(camera) == held
        # A year later the site's authority gives it another one.
        accepted, silence = await tech.shows("Dock"), Silence(camera)
        await camera.change_certificate("install_own")
        await is_blocked(tech, "Dock", accepted, await fingerprint(camera))
        await silence.lasts()
        await accepts_what_it_reviewed(tech, "Dock", await fingerprint(camera))
        assert "GetDeviceInformation" in camera.log.operations()
        assert set(camera.log.operations()) <= READING


@pytest.mark.parametrize("noticed", [False, True], ids=["unnoticed", "noticed"])
async def test_what_is_not_shown_any_more_is_not_accepted(tmp_path: Path, noticed: bool) -> None:
    async with Camera(RESTLESS) as camera, technician(tmp_path, watched=False) as tech:
        added = await tech.adds(camera, "Dock")
        await camera.power_cut()
        await tech.types("check", code=3)
        reviewed = (await tech.types("review", "Dock", "--json", code=3)).json["presented"]["fingerprint"]
        silence = Silence(camera)
        await camera.power_cut()
        if noticed:
            await tech.types("check", code=3)
        assert ((await tech.shows("Dock"))["presented"] == reviewed) is not noticed

        refused = await tech.types("accept", "Dock", "--fingerprint", reviewed, "--json", code=1)

        assert (refused.out, refused.one_clear_line()) == (b"", True)
        assert "another certificate now than the one that was reviewed" in refused.err
        now = await fingerprint(camera)
        compared = (await tech.types("review", "Dock", code=3)).text
        assert now in "".join(compared.split())
        view = await tech.shows("Dock")
        assert (view["connection"], view["fingerprint"], view["presented"]) == ("blocked", added["fingerprint"], now)
        assert silence.was_kept()
        await tech.types("accept", "Dock", "--fingerprint", now)
        assert shown_as(await tech.shows("Dock")) == TRUSTED
