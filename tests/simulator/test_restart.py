"""What handshakes see while a camera changes its certificate, and what a power cut leaves."""

import asyncio
import gc
import json
import os
import signal
import socket
import ssl
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec
import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, KeystoreSettings, Mishap, Quirks, Timing
from tests.simulator.asking import Client, leaf_of, trusting, until
from tests.simulator.installing import Installer, arguments

VISIBLE = Timing(switch=0.1, restart=0.15, boot=0.15)
CLOCK = "<tds:GetSystemDateAndTime/>"


class Watch:
    """Makes handshakes with a camera all the time, and keeps what changes: a leaf, or `refused`."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self.seen: list[bytes | str] = []

    async def __aenter__(self) -> "Watch":
        self._task = asyncio.create_task(self._look())
        await until(lambda: self.seen)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _look(self) -> None:
        while True:
            try:
                found: bytes | str = await leaf_of(self._camera)
            except ConnectionRefusedError:
                found = "refused"
            except OSError:
                continue
            if self.seen[-1:] != [found]:
                self.seen.append(found)


async def test_the_old_leaf_stays_a_moment_then_the_port_is_closed_then_comes_the_new_leaf() -> None:
    async with Camera(CameraSettings(timing=VISIBLE)) as camera, Client(camera) as client, Watch(camera) as watch:
        factory = camera.leaf
        made = await Installer(client).installed()
        assert watch.seen == [factory]
        assert camera.leaf == factory
        await until(lambda: watch.seen[-1] == made.leaf)
        assert watch.seen == [factory, "refused", made.leaf]
        assert camera.leaf == made.leaf


async def test_the_answer_over_https_comes_before_the_connection_goes() -> None:
    async with Camera(CameraSettings(timing=Timing(switch=0.0, restart=0.05))) as camera:
        async with Client(camera, "https") as client:
            installer = Installer(client)
            made = await installer.prepared()
            assert (await installer.assign(made.old_path, made.path)).status == 200
        await until(lambda: camera.leaf == made.leaf)
        async with Client(camera, "https") as client:
            assigned = await client.ask("<tas:GetAssignedServerCertificates/>")
            assert assigned.texts("CertificationPathID") == [made.path]


async def test_connections_end_when_the_web_server_restarts() -> None:
    async with Camera(CameraSettings(timing=VISIBLE)) as camera, Client(camera) as client:
        reader, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=trusting())
        made = await Installer(client).installed()
        async with asyncio.timeout(5):
            assert await _rest(reader) == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await leaf_of(camera)
        await until(lambda: camera.leaf == made.leaf)


@pytest.mark.parametrize("together", [False, True], ids=["two web servers", "one web server"])
async def test_http_stays_while_https_restarts_unless_one_web_server_does_both(together: bool) -> None:
    settings = CameraSettings(timing=VISIBLE, quirks=Quirks(http_restarts_too=together))
    async with Camera(settings) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: not camera.leaf)
        async with Client(camera) as client:
            if together:
                with pytest.raises(httpx.ConnectError):
                    await client.ask(CLOCK)
            else:
                assert (await client.ask(CLOCK)).status == 200
        await until(lambda: camera.leaf == made.leaf)
        async with Client(camera) as client:
            assert (await client.ask(CLOCK)).status == 200


async def test_changing_back_during_the_restart_ends_with_what_was_wanted_last() -> None:
    async with Camera(CameraSettings(timing=VISIBLE)) as camera, Client(camera) as client:
        factory, installer = camera.leaf, Installer(client)
        made = await installer.installed()
        await until(lambda: not camera.leaf)
        await installer.assign(made.path, made.old_path)
        await until(lambda: camera.leaf)
        await until(lambda: camera.leaf == factory)
        assert await leaf_of(camera) == factory


async def test_nobody_else_gets_the_port_while_it_is_closed() -> None:
    async with Camera(CameraSettings(timing=VISIBLE)) as camera, Client(camera) as client:
        made = await Installer(client).installed()
        await until(lambda: not camera.leaf)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((camera.host, camera.https_port))
        await until(lambda: camera.leaf == made.leaf)


async def test_a_handshake_that_is_not_finished_when_the_port_is_shut_leads_nowhere() -> None:
    async with Camera(CameraSettings(timing=Timing(switch=0.0, restart=0.02))) as camera, Client(camera) as client:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = trusting().wrap_bio(incoming, outgoing)
        reader, writer = await asyncio.open_connection(camera.host, camera.https_port)
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        before = camera.log.received("https")
        writer.write(outgoing.read())
        incoming.write(await reader.read(65536))
        try:
            tls.do_handshake()
            tls.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            writer.write(outgoing.read())
        except (OSError, ssl.SSLWantReadError):
            pass
        assert b"HTTP/1.1" not in await _rest(reader)
        assert camera.log.received("https") == before
        writer.close()


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except OSError:
        return b""


async def test_a_camera_ends_in_the_middle_of_handshakes_without_anything_staying_open() -> None:
    for steps in range(12):
        async with Camera() as camera:
            dialled = [asyncio.create_task(_dial(camera)) for _ in range(3)]
            for _ in range(steps):
                await asyncio.sleep(0)
        await asyncio.wait(dialled)
    gc.collect()


async def _dial(camera: Camera) -> None:
    with suppress(OSError):
        await leaf_of(camera)


# Quirks


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_some_cameras_restart_before_they_have_answered(scheme: str) -> None:
    settings = CameraSettings(quirks=Quirks(loses_assignment_reply=True))
    async with Camera(settings) as camera, Client(camera, scheme) as client:
        installer = Installer(client)
        made = await installer.prepared()
        with pytest.raises(httpx.TransportError):
            await installer.assign(made.old_path, made.path)
        await until(lambda: camera.leaf == made.leaf)


async def test_some_cameras_activate_what_is_uploaded() -> None:
    async with Camera(CameraSettings(quirks=Quirks(upload_activates=True))) as camera, Client(camera) as client:
        made = await Installer(client).prepared()
        assert made.old_path != made.path
        await until(lambda: camera.leaf == made.leaf)


async def test_some_cameras_go_on_serving_their_own_certificate() -> None:
    settings = CameraSettings(quirks=Quirks(keeps_old_certificate=True))
    async with Camera(settings) as camera, Client(camera) as client:
        factory = camera.leaf
        made = await Installer(client).installed()
        assigned = await client.ask("<tas:GetAssignedServerCertificates/>")
        assert assigned.texts("CertificationPathID") == [made.path]
        await camera.power_cut()
        assert camera.leaf == factory == await leaf_of(camera)


async def test_some_cameras_serve_a_certificate_that_they_signed_themselves() -> None:
    settings = CameraSettings(quirks=Quirks(serves_own_version=True))
    async with Camera(settings) as camera, Client(camera) as client:
        factory = camera.leaf
        made = await Installer(client).installed()
        await until(lambda: camera.leaf not in (factory, b""))
        served = await leaf_of(camera)
        assert served not in (factory, made.leaf)
        await camera.power_cut()
        assert await leaf_of(camera) == served


@pytest.mark.parametrize("last", [False, True])
async def test_of_several_paths_a_camera_presents_the_first_or_the_last(last: bool) -> None:
    several = KeystoreSettings(most_tls_paths=2)
    settings = CameraSettings(keystore=several, quirks=Quirks(presents_last=last))
    async with Camera(settings) as camera, Client(camera) as client:
        factory, installer = camera.leaf, Installer(client)
        made = await installer.prepared()
        await installer.made("", "AddServerCertificateAssignment", CertificationPathID=made.path)
        await until(lambda: camera.leaf == (made.leaf if last else factory))
        assert await leaf_of(camera) == camera.leaf


# HTTPS and HTTP on and off


def protocols(**lines: tuple[bool, int]) -> str:
    inside = "".join(
        f"<tds:NetworkProtocols><tt:Name>{name}</tt:Name><tt:Enabled>{str(enabled).lower()}</tt:Enabled>"
        f"<tt:Port>{port}</tt:Port></tds:NetworkProtocols>"
        for name, (enabled, port) in lines.items()
    )
    return f"<tds:SetNetworkProtocols>{inside}</tds:SetNetworkProtocols>"


async def test_https_is_switched_on_and_off() -> None:
    async with Camera(CameraSettings(https_enabled=False)) as camera, Client(camera) as client:
        with pytest.raises(ConnectionRefusedError):
            await leaf_of(camera)
        assert (await client.ask(protocols(HTTPS=(True, camera.https_port)))).status == 200
        await until(lambda: camera.leaf)
        assert await leaf_of(camera) == camera.leaf
        assert (await client.ask(protocols(HTTPS=(False, camera.https_port)))).status == 200
        await until(lambda: not camera.leaf)
        with pytest.raises(ConnectionRefusedError):
            await leaf_of(camera)


async def test_https_is_not_switched_on_without_an_assigned_certificate() -> None:
    async with Camera(CameraSettings(https_enabled=False)) as camera, Client(camera) as client:
        [path] = camera.keystore.contents.assigned
        await Installer(client).made("", "RemoveServerCertificateAssignment", CertificationPathID=path)
        on = protocols(HTTPS=(True, camera.https_port))
        assert (await client.ask(on)).fault == "Receiver/ter:ActionNotSupported/ter:EnablingTlsFailed"
        await camera.power_cut()
        assert camera.keystore.contents.assigned == []
        await Installer(client).made("", "AddServerCertificateAssignment", CertificationPathID=path)
        assert (await client.ask(on)).status == 200
        await until(lambda: camera.leaf)


async def test_a_protocol_moves_to_another_port() -> None:
    async with Camera() as camera, Client(camera) as client:
        with socket.socket() as probe:
            probe.bind((camera.host, 0))
            port = probe.getsockname()[1]
        assert (await client.ask(protocols(HTTPS=(True, port)))).status == 200
        assert camera.https_port == port
        await until(lambda: not camera.leaf)
        await until(lambda: camera.leaf)
        assert await leaf_of(camera) == camera.leaf


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ({"RTSP": (True, 554)}, "ServiceNotSupported"),
        ({"HTTP": (True, 81), "HTTPS": (True, 81)}, "PortAlreadyInUse"),
        ({"HTTPS": (True, 0)}, "PortAlreadyInUse"),
        ({"HTTPS": (True, 65536)}, "PortAlreadyInUse"),
    ],
)
async def test_protocols_that_cannot_be_had_are_refused(lines: dict[str, tuple[bool, int]], fault: str) -> None:
    async with Camera() as camera, Client(camera) as client:
        before = dict(camera.device.protocols)
        assert (await client.ask(protocols(**lines))).fault == f"Sender/ter:InvalidArgVal/ter:{fault}"
        assert camera.device.protocols == before


async def test_a_port_that_somebody_else_has_is_refused() -> None:
    async with Camera() as camera, Client(camera) as client:
        with socket.socket() as other:
            other.bind((camera.host, 0))
            taken = protocols(HTTPS=(True, other.getsockname()[1]))
            assert (await client.ask(taken)).fault == "Sender/ter:InvalidArgVal/ter:PortAlreadyInUse"


async def test_some_cameras_say_yes_and_change_nothing() -> None:
    settings = CameraSettings(https_enabled=False, quirks=Quirks(ignores_protocols=True))
    async with Camera(settings) as camera, Client(camera) as client:
        assert (await client.ask(protocols(HTTPS=(True, camera.https_port)))).status == 200
        assert not camera.device.on("HTTPS")


async def test_a_camera_without_https_has_no_port_for_it() -> None:
    async with Camera(CameraSettings(https_port=None)) as camera, Client(camera) as client:
        assert (camera.https_port, camera.leaf) == (0, b"")
        answer = await client.ask("<tds:GetNetworkProtocols/>")
        assert answer.texts("Name") == ["HTTP"]


# Power cuts


async def test_during_a_power_cut_nothing_answers_and_afterwards_all_is_as_before() -> None:
    async with Camera(CameraSettings(timing=VISIBLE)) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        before = camera.device.flash()
        cut = asyncio.create_task(camera.power_cut())
        await until(lambda: not camera.is_on)
        for port in (camera.http_port, camera.https_port):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(camera.host, port)
        await cut
        assert camera.device.flash() == before
        assert await leaf_of(camera) == made.leaf


async def test_a_power_cut_right_after_the_assignment_boots_with_the_new_certificate() -> None:
    faults = {"ReplaceServerCertificateAssignment": Mishap("power_cut_after")}
    async with Camera(CameraSettings(faults=faults)) as camera, Client(camera) as client:
        installer = Installer(client)
        made = await installer.prepared()
        with pytest.raises(httpx.TransportError):
            await installer.assign(made.old_path, made.path)
        await until(lambda: not camera.is_on)
        await until(lambda: camera.leaf == made.leaf)


async def test_some_cameras_forget_an_assignment_at_a_power_cut() -> None:
    async with Camera(CameraSettings(quirks=Quirks(forgets_assignment=True))) as camera:
        factory = camera.leaf
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        await camera.power_cut()
        assert await leaf_of(camera) == factory
        assert made.certificate in camera.keystore.contents.certificates


async def test_a_forgetful_camera_without_its_old_path_makes_a_certificate_of_its_own() -> None:
    async with Camera(CameraSettings(quirks=Quirks(forgets_assignment=True))) as camera:
        factory = camera.leaf
        async with Client(camera) as client:
            made = await Installer(client).installed()
            await Installer(client).made("", "DeleteCertificationPath", CertificationPathID=made.old_path)
        await camera.power_cut()
        assert await leaf_of(camera) not in (factory, made.leaf)


async def test_some_cameras_make_a_new_certificate_at_each_boot() -> None:
    async with Camera(CameraSettings(quirks=Quirks(new_certificate_at_boot=True))) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        leaves = {camera.leaf, made.leaf}
        for boots in (1, 2):
            await camera.power_cut()
            leaves.add(await leaf_of(camera))
            assert len(leaves) == 2 + boots
        assert len(camera.keystore.contents.paths) == 2
        assert made.key in camera.keystore.contents.keys


async def test_a_key_that_was_being_made_is_gone_after_a_power_cut() -> None:
    async with Camera(CameraSettings(timing=Timing(key=60.0, boot=0.0))) as camera, Client(camera) as client:
        key = await Installer(client).made("KeyID", "CreateRSAKeyPair", KeyLength="2048")
        assert key in camera.keystore.contents.keys
        await camera.power_cut()
        assert key not in camera.keystore.contents.keys


async def test_a_deleted_key_is_not_made_any_further_and_a_corrupt_one_says_so() -> None:
    async with Camera(CameraSettings(timing=Timing(key=60.0))) as camera, Client(camera) as client:
        installer = Installer(client)
        key = await installer.made("KeyID", "CreateRSAKeyPair", KeyLength="2048")
        assert await installer.made("KeyStatus", "GetKeyStatus", KeyID=key) == "generating"
        await installer.made("", "DeleteKey", KeyID=key)
        assert (await installer.ask("GetKeyStatus", KeyID=key)).fault == "Sender/ter:InvalidArgVal/ter:KeyID"
    async with Camera(CameraSettings(quirks=Quirks(keys_fail=True))) as camera, Client(camera) as client:
        installer = Installer(client)
        key = await installer.key()
        assert await installer.made("KeyStatus", "GetKeyStatus", KeyID=key) == "corrupt"
        assert await installer.made("EstimatedCreationTime", "CreateRSAKeyPair", KeyLength="2048") == "PT1S"


async def test_a_factory_reset_takes_everything_away_but_the_address() -> None:
    async with Camera() as camera:
        factory, ports = camera.leaf, (camera.http_port, camera.https_port)
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await camera.factory_reset()
        assert await leaf_of(camera) not in (factory, made.leaf)
        assert (camera.http_port, camera.https_port) == ports
        assert len(camera.keystore.contents.keys) == 1


async def test_what_a_client_has_put_to_use_outlives_a_new_factory_certificate() -> None:
    async with Camera(CameraSettings(quirks=Quirks(new_certificate_at_boot=True))) as camera, Client(camera) as client:
        contents = camera.keystore.contents
        [certificate], [key] = contents.certificates, contents.keys
        chain = f"<tas:CertificateIDs>{arguments(CertificateID=certificate)}</tas:CertificateIDs>"
        path = await Installer(client).made("CertificationPathID", "CreateCertificationPath", chain)
        await camera.power_cut()
        contents = camera.keystore.contents
        assert contents.paths[path].certificates == (certificate,)
        assert contents.certificates[certificate].key == key in contents.keys
        assert await leaf_of(camera) != contents.certificates[certificate].der


async def test_cameras_of_one_batch_come_with_the_same_certificate() -> None:
    batch = CameraSettings(batch="2025-03")
    async with Camera(batch) as first, Camera(batch) as second, Camera() as other:
        assert first.leaf == second.leaf != other.leaf
        await first.factory_reset()
        assert await leaf_of(first) == second.leaf


@pytest.mark.parametrize(("newest", "spoken"), [("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")])
async def test_a_camera_speaks_tls_up_to_its_newest_version(newest: Literal["1.2", "1.3"], spoken: str) -> None:
    async with Camera(CameraSettings(newest_tls=newest)) as camera:
        _, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=trusting())
        assert writer.get_extra_info("ssl_object").version() == spoken
        writer.close()
        await writer.wait_closed()


async def test_a_camera_is_left_in_the_middle_of_a_power_cut_without_anything_staying_open() -> None:
    for steps in range(40):
        async with Camera(CameraSettings(timing=Timing(boot=0.0))) as camera:
            cut = asyncio.create_task(camera.power_cut())
            for _ in range(steps):
                await asyncio.sleep(0)
            cut.cancel()
            await asyncio.wait([cut])
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((camera.host, camera.https_port))
            other.listen()
    gc.collect()


# A camera in a file


async def test_another_camera_goes_on_from_the_state_file(tmp_path: Path) -> None:
    file = tmp_path / "flash.json"
    async with Camera(CameraSettings(state_file=str(file))) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        ports = (camera.http_port, camera.https_port)
    assert file.stat().st_mode & 0o777 == 0o600
    async with Camera(CameraSettings(state_file=str(file))) as camera:
        assert (camera.http_port, camera.https_port) == ports
        assert await leaf_of(camera) == made.leaf
        await camera.factory_reset()
        assert camera.leaf != made.leaf


@asynccontextmanager
async def simulator(config: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    command = (sys.executable, "-m", "core.simulator", "--config", str(config), "--discovery-port", "0")
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            ready = json.loads(await process.stdout.readline())
        yield process, ready["ready"][0]
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_killed_camera_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = CameraSettings(state_file=str(tmp_path / "flash.json"), http_port=None)
    config = tmp_path / "site.json"
    config.write_bytes(msgspec.json.encode({"cameras": [settings]}))
    leaves = []
    for _ in range(2):
        async with simulator(config) as (process, told):
            _, writer = await asyncio.open_connection(told["host"], told["https_port"], ssl=trusting())
            leaves.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
            writer.close()
    assert leaves[0] == leaves[1]
