"""What happens after a device was added, as processes: changes, decisions, replacing, re-issuing."""

import asyncio
import getpass
import hashlib
import json
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks
from tests.cli.gateway import gateway
from tests.cli.shell import Ended, Shell, Terminal, ended_by
from tui.simulation import PASSWORD, USER, free_port

LOGIN = ("--user", USER, "--password-file", "-")
NEW_ONE_AT_BOOT = Quirks(new_certificate_at_boot=True)
BACK_TO_FACTORY = Quirks(forgets_assignment=True)


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with gateway(tmp_path, free_port()) as shell:
        yield shell


def address(camera: Camera) -> str:
    return f"{camera.host}:{camera.https_port}"


async def presented(camera: Camera) -> bytes:
    """Return what a handshake that knows nothing of ours sees."""
    place = (camera.host, camera.https_port)
    return ssl.PEM_cert_to_DER_cert(await asyncio.to_thread(ssl.get_server_certificate, place))


async def fingerprint(camera: Camera) -> str:
    return hashlib.sha256(await presented(camera)).hexdigest()


async def add(shell: Shell, place: str, *options: str) -> Ended:
    return await shell.run("add", place, *LOGIN, *options, "--json", stdin=PASSWORD.encode())


@asynccontextmanager
async def blocked(shell: Shell, host: str, quirks: Quirks) -> AsyncIterator[tuple[Camera, Any]]:
    """Give a camera whose certificate changed after it was added, and the device as it was added."""
    async with Camera(CameraSettings(host=host, quirks=quirks)) as camera:
        added = await add(shell, address(camera), "--name", "Dock")
        assert added.code == 0, added
        await camera.power_cut()
        assert (await shell.run("check")).code == 3
        yield camera, added.json


async def test_a_changed_certificate_blocks_is_compared_and_accepted(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.1", NEW_ONE_AT_BOOT) as (camera, device):
        shown = await fingerprint(camera)
        queued = await shell.run("review", "--json")
        compared = await shell.run("review", "Dock", "--json")

        assert (queued.code, compared.code) == (3, 3)
        assert [[view["id"] for view in group["devices"]] for group in queued.json] == [[device["id"]]]
        assert queued.json[0]["reason"] == compared.json["explanations"][0]["text"]
        assert compared.json["stored"]["fingerprint"] == device["fingerprint"]
        assert compared.json["presented"]["fingerprint"] == shown

        accepted = await shell.run("accept", "Dock", "--fingerprint", shown, "--reason", "firmware 4.13", "--json")

        assert accepted.code == 0, accepted
        assert (accepted.json["id"], accepted.json["fingerprint"]) == (device["id"], shown)
        assert accepted.json["connection"] == "online"
        assert accepted.json["certificate_field"] == "HTTPS (Arcules)"
        assert ((await shell.run("check")).code, (await shell.run("review")).code) == (0, 0)
        last = (await shell.run("events", "--device", "Dock", "--json")).json[-1]
        assert (last["kind"], last["who"]) == ("accepted", getpass.getuser())
        assert "firmware 4.13" in last["text"]


async def test_on_a_terminal_the_last_digits_of_what_is_seen_accept_it(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.2", NEW_ONE_AT_BOOT) as (camera, device):
        shown = await fingerprint(camera)
        async with Terminal(shell, "accept", "Dock") as terminal:
            await terminal.until(b"Anything else keeps")
            assert f"{shown[-8:-4]} {shown[-4:]}".encode() in terminal.said
            terminal.type(f"{shown[-8:]}\n".encode())
            await terminal.until(b"Reason")
            terminal.type(b"\n")
            assert await terminal.end() == 0

        assert (await shell.run("show", "Dock", "--json")).json["fingerprint"] == shown != device["fingerprint"]


async def test_what_changes_between_comparing_and_accepting_is_refused_and_shown_anew(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.3", NEW_ONE_AT_BOOT) as (camera, device):
        first = await fingerprint(camera)
        async with Terminal(shell, "accept", "Dock", "--reason", "") as terminal:
            await terminal.until(b"Anything else keeps")
            await camera.power_cut()
            second = await fingerprint(camera)
            asked = len(terminal.said)
            terminal.type(b"yes\n")
            assert await terminal.end() == 1
            told = terminal.said[asked:].decode()

        assert f"{second[-8:-4]} {second[-4:]}" in told
        assert f"{first[-8:-4]} {first[-4:]}" not in told
        assert "camtrust: Dock shows another certificate now" in told
        view = (await shell.run("show", "Dock", "--json")).json
        assert (view["connection"], view["fingerprint"]) == ("blocked", device["fingerprint"])
        assert view["presented"] == second

        stale = await shell.run("accept", "Dock", "--fingerprint", first)
        assert (stale.code, stale.one_clear_line()) == (1, True)
        assert (await shell.run("accept", "Dock", "--fingerprint", second)).code == 0


async def test_a_device_that_does_not_answer_is_not_accepted_until_it_is_back(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.4", BACK_TO_FACTORY) as (camera, device):
        shown = await fingerprint(camera)
        await camera.power_off()
        refused = await shell.run("accept", "Dock", "--fingerprint", shown)

        assert (refused.code, refused.out, refused.one_clear_line()) == (4, b"", True)
        assert "Try again when it is back" in refused.err
        assert (await shell.run("show", "Dock", "--json")).json["fingerprint"] == device["fingerprint"]

        await camera.power_on()
        assert (await shell.run("accept", "Dock", "--fingerprint", shown)).code == 0


async def test_accepting_a_devices_own_certificate_makes_it_trusted(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.42.0.5", keystore=None)) as camera:
        assert (await add(shell, address(camera))).json["certificate_field"] == "HTTPS (Device)"
        assert (await shell.run("check")).code == 3
        reviewed = (await shell.run("review", address(camera), "--json")).json

        accepted = await shell.run("accept", address(camera), "--fingerprint", reviewed["presented"]["fingerprint"])

        assert accepted.code == 0, accepted
        assert "HTTPS (Arcules)" in accepted.text
        assert (await shell.run("check")).code == 0
        again = await shell.run("accept", address(camera), "--fingerprint", reviewed["presented"]["fingerprint"])
        assert (again.code, again.one_clear_line()) == (1, True)


async def test_check_tells_good_unreachable_and_blocked_apart(shell: Shell) -> None:
    assert (await shell.run("check", "--json")).json == []
    async with Camera(CameraSettings(host="127.42.0.6")) as good:
        await add(shell, address(good), "--name", "Gate")
        checked = await shell.run("check", "--json")
        assert (checked.code, [device["name"] for device in checked.json]) == (0, ["Gate"])
        await good.power_off()
        away = await shell.run("check", "--json")
        assert (away.code, away.json[0]["connection"]) == (4, "offline")
        async with blocked(shell, "127.42.0.7", NEW_ONE_AT_BOOT):
            both = await shell.run("check", "--json")
            assert (both.code, [device["connection"] for device in both.json]) == (3, ["blocked", "offline"])


async def test_both_certificates_of_a_blocked_device_are_exported(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.8", NEW_ONE_AT_BOOT) as (camera, device):
        stored = await shell.run("export", "Dock", "--json")
        shown = await shell.run("export", "Dock", "--which", "presented", "--json")
        pem = await shell.run("export", "Dock", "--which", "presented", "--pem", "-o", "-")

        assert stored.json["fingerprint"] == device["fingerprint"]
        assert hashlib.sha256(Path(stored.json["file"]).read_bytes()).hexdigest() == device["fingerprint"]
        assert Path(shown.json["file"]).read_bytes() == await presented(camera)
        assert ssl.PEM_cert_to_DER_cert(pem.text) == await presented(camera)


async def test_a_device_on_http_is_replaced_by_itself_on_https(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.42.0.9")) as camera:
        over_http = await add(shell, f"http://{camera.host}:{camera.http_port}", "--name", "Gate")
        assert over_http.json["certificate_field"] == "HTTP"

        replaced = await shell.run("replace", "Gate", address(camera), "--json")

        assert replaced.code == 0, replaced
        assert "shows SHA-256" in replaced.err
        assert (replaced.json["id"], replaced.json["name"]) == (over_http.json["id"], "Gate")
        assert replaced.json["certificate_field"] == "HTTPS (Arcules)"
        assert replaced.json["fingerprint"] == await fingerprint(camera)
        kinds = [event["kind"] for event in (await shell.run("events", "--device", "Gate", "--json")).json]
        assert (kinds[0], kinds[-1]) == ("added", "installed")


async def test_a_blocked_device_is_replaced_by_what_was_reviewed_only(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.10", BACK_TO_FACTORY) as (camera, device):
        shown = await fingerprint(camera)
        before = camera.log.received("https")
        unseen = await shell.run("replace", "Dock")
        assert (unseen.code, unseen.one_clear_line()) == (2, True)
        other = await shell.run("replace", "Dock", "--expect-fingerprint", device["fingerprint"])
        assert other.code == 3
        assert camera.log.received("https") == before

        replaced = await shell.run("replace", "Dock", "--expect-fingerprint", shown, "--json")

        assert replaced.code == 0, replaced
        assert (replaced.json["id"], replaced.json["certificate_field"]) == (device["id"], "HTTPS (Arcules)")
        assert replaced.json["fingerprint"] == await fingerprint(camera)
        assert replaced.json["fingerprint"] not in (shown, device["fingerprint"])


async def test_on_a_terminal_a_blocked_device_is_compared_before_it_is_replaced(shell: Shell) -> None:
    async with blocked(shell, "127.42.0.11", BACK_TO_FACTORY) as (camera, device):
        async with Terminal(shell, "replace", "Dock") as terminal:
            await terminal.until(b"Anything else keeps")
            terminal.type(b"\n")
            assert await terminal.end() == 3
        async with Terminal(shell, "replace", "Dock") as terminal:
            await terminal.until(b"Anything else keeps")
            terminal.type(b"yes\n")
            assert await terminal.end() == 0

        view = (await shell.run("show", "Dock", "--json")).json
        assert (view["connection"], view["fingerprint"]) == ("online", await fingerprint(camera))
        assert view["fingerprint"] != device["fingerprint"]


async def test_what_changed_unnoticed_is_not_replaced_without_a_look(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.42.0.12", quirks=NEW_ONE_AT_BOOT)) as camera:
        added = await add(shell, address(camera), "--name", "Dock")
        # The watch's own look would block it; it waits a whole period after this.
        await shell.run("check")
        await camera.power_cut()
        before = camera.log.received("https")

        refused = await shell.run("replace", "Dock", "--json")

        assert refused.code == 3, refused
        assert "Error with device certificate" in refused.err
        assert refused.json["fingerprint"] == added.json["fingerprint"]
        assert camera.log.received("https") == before
        assert (await shell.run("check", "--json")).json[0]["connection"] == "blocked"


async def test_a_new_key_and_certificate_are_made_on_the_device(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.42.0.13")) as camera:
        added = await add(shell, address(camera), "--name", "Dock")
        first = (await shell.run("show", "Dock", "--json")).json["stored_certificate"]

        renewed = await shell.run("reissue", "Dock", "--json")

        assert renewed.code == 0, renewed
        assert renewed.json["fingerprint"] == await fingerprint(camera) != added.json["fingerprint"]
        second = (await shell.run("show", "Dock", "--json")).json["stored_certificate"]
        assert second["key_fingerprint"] != first["key_fingerprint"]
        assert (await shell.run("check")).code == 0


async def test_re_issuing_for_a_device_that_does_not_answer_changes_nothing(shell: Shell) -> None:
    async with Camera(CameraSettings(host="127.42.0.14")) as camera:
        added = await add(shell, address(camera), "--name", "Dock")
        await camera.power_off()

        failed = await shell.run("reissue", "Dock", "--json")

        assert failed.code in (1, 4), failed
        assert "Nothing was changed: " in failed.err
        assert failed.json["fingerprint"] == added.json["fingerprint"]
        await camera.power_on()
        assert (await shell.run("check")).code == 0
        assert (await shell.run("reissue", "Dock")).code == 0


async def test_events_are_followed_until_the_engine_goes(shell: Shell) -> None:
    await shell.run("list", "--wait", "0")
    process = await shell.start("events", "--follow", "--json")
    assert process.stdout is not None
    async with ended_by(process), Camera(CameraSettings(host="127.42.0.15")) as camera:
        await add(shell, address(camera), "--name", "Dock")
        told = [json.loads(await process.stdout.readline()) for _ in range(2)]
        assert [event["kind"] for event in told] == ["added", "installed"]
        await shell.run("engine", "stop")
        _, err = await process.communicate()

    assert process.returncode == 4
    assert err.startswith(b"camtrust: ")


async def test_events_of_one_device_are_followed_until_interrupted(shell: Shell) -> None:
    async with (
        Camera(CameraSettings(host="127.42.0.16")) as camera,
        Camera(CameraSettings(host="127.42.0.17")) as other,
    ):
        await add(shell, address(camera), "--name", "Dock")
        process = await shell.start("events", "--follow", "--device", "Dock")
        assert process.stdout is not None
        async with ended_by(process):
            told = [await process.stdout.readline() for _ in range(2)]
            await add(shell, address(other), "--name", "Other")
            await shell.run("remove", "Dock")
            told.append(await process.stdout.readline())
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            rest, err = await process.communicate()

    assert (process.returncode, rest, err.strip()) == (130, b"", b"Interrupted.")
    assert [b" ".join(line.split()[3:4]) for line in told] == [b"added", b"certificate", b"removed"], told
