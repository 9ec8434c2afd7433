"""Devices that want to keep the gateway busy for ever, or to fill its disk."""

import sqlite3
import traceback
from contextlib import AsyncExitStack, closing
from itertools import cycle, islice
from pathlib import Path

import httpx
import msgspec
import pytest
from lxml import etree

from core.decide.addresses import Target
from core.decide.identity import Found
from core.engine.finder import Finder
from core.model.device import Connection
from core.model.errors import GarbledError
from core.model.messages import CheckDevices
from core.model.records import DeviceRecord
from core.onvif.answers import Answer
from core.onvif.wsdls import Wsdls
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.engine.conftest import CALLER, CONFIG, running, until
from tests.engine.counting import CountingDevice
from tests.network.leaves import new_leaf
from tests.network.servers import Server, saying
from tests.onvif.scripted import Reply, ScriptedCamera, soap

IMPATIENT = msgspec.structs.replace(CONFIG, restart_patience=1.0)


@pytest.mark.parametrize("leaves", [1, 2], ids=["one strange certificate", "two in turn"])
async def test_a_device_that_comes_back_as_a_stranger_is_blocked_and_not_looked_at_for_ever(
    folder: Path, leaves: int
) -> None:
    strange = [new_leaf(f"strange {number}") for number in range(leaves)]
    async with running(folder, IMPATIENT) as gateway, Camera(CameraSettings(host="127.0.11.1")) as camera:
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: "ReplaceServerCertificateAssignment" in camera.log.operations())
        await camera.power_off()
        stranger = CountingDevice(camera.host, *islice(cycle(strange), 100))
        stranger.port = camera.https_port
        async with stranger:
            await gateway.ended(device.id)
            view = gateway.view(device.id)
            assert (view.connection, view.presented in {leaf.fingerprint for leaf in strange}) == (
                Connection.BLOCKED,
                True,
            )
            assert not any(heard.data for heard in stranger.heard)


async def test_ever_new_certificates_do_not_fill_the_disk(folder: Path) -> None:
    leaves = [new_leaf(f"leaf {number}") for number in range(50)]
    unhurried = msgspec.structs.replace(CONFIG, check_period=3600.0)
    async with running(folder, unhurried) as gateway, CountingDevice("127.0.11.2", leaves[0]) as device:
        view = await gateway.add(device.address)
        for leaf in leaves[1:]:
            device.show(leaf)
            await gateway.engine.handle(CheckDevices(), CALLER)
            assert gateway.view(view.id).connection is Connection.BLOCKED
        # Back to what it was, and away from it again: that is noticed all the same.
        for leaf, connection in ((leaves[0], Connection.ONLINE), (leaves[-1], Connection.BLOCKED)):
            device.show(leaf)
            await gateway.engine.handle(CheckDevices(), CALLER)
            assert gateway.view(view.id).connection is connection
    with closing(sqlite3.connect(folder / "state.db")) as connection_:
        [count] = connection_.execute("SELECT count(*) FROM certificates").fetchone()
    assert count < 40


async def test_an_error_that_is_kept_does_not_hold_on_to_the_answer(folder: Path) -> None:
    secret = "a long answer" * 5000
    answer = Reply(soap(f"<SomethingElse><a>{secret}</a></SomethingElse>"))
    async with running(folder) as gateway, ScriptedCamera(lambda _: answer) as device:
        record = DeviceRecord(
            id="d", name="d", host="127.0.0.1", port=device.port, scheme="http", added_at="", added_by=""
        )
        with pytest.raises(GarbledError) as caught:
            async with gateway.engine._services.session(record, None, None) as onvif:
                await onvif.information()
    kept = [value for frame, _ in traceback.walk_tb(caught.tb) for value in frame.f_locals.values()]
    assert not any(isinstance(value, Answer | etree._Element | httpx.Response) for value in kept)


async def test_of_all_ports_that_a_device_names_a_few_are_tried() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Server(saying(b"no TLS"))) for _ in range(20)]
        lines = "".join(
            f"<NetworkProtocols><Name>HTTPS</Name><Enabled>true</Enabled><Port>{server.port}</Port></NetworkProtocols>"
            for server in servers
        )
        answer = Reply(soap(f"<GetNetworkProtocolsResponse>{lines}</GetNetworkProtocolsResponse>"))
        device = await stack.enter_async_context(ScriptedCamera(lambda _: answer))
        found = Found("found:x", "127.0.0.1", said=(("SSDP", (("http", device.port),)),))
        place = await Finder(await Wsdls.load(), Target("127.0.0.1"), found).find()
        assert (place.scheme, place.port) == ("http", device.port)
        assert 0 < sum(bool(server.lines) for server in servers) <= 8
