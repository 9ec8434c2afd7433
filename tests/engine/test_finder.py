"""Where a device answers, against servers that are no cameras."""

import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from core.decide.addresses import Target
from core.decide.identity import Found
from core.decide.ports import is_https_off
from core.engine.finder import Finder, Place
from core.model.errors import TlsFailedError
from core.onvif.wsdls import Wsdls
from tests.network.leaves import new_leaf
from tests.network.servers import Behaviour, Line, Server, answer, presenting, saying, silent
from tests.onvif.scripted import NOT_AUTHORIZED, Script, ScriptedCamera, answered

HOST = "127.61.7.9"


def sending_on_to(port: int) -> Behaviour:
    """Send every request on to HTTPS, at an address where the device is not."""

    async def behave(line: Line) -> None:
        while await line.read():
            if line.data.endswith((b"\r\n\r\n", b"Envelope>")):
                await line.write(answer("302 Found", f"Location: https://192.0.2.9:{port}/\r\n"))

    return behave


async def test_http_that_sends_on_to_https_names_its_port() -> None:
    leaf = new_leaf()
    async with (
        Server(silent, presenting(leaf.context()), HOST) as secure,
        Server(sending_on_to(secure.port), host=HOST) as plain,
    ):
        found = Found("found:x", HOST, said=(("SSDP", (("http", plain.port),)),))
        place = await Finder(await Wsdls.load(), Target(HOST), found).find()
    assert (place.scheme, place.port, place.how) == ("https", secure.port, "device")
    assert place.seen is not None
    assert place.seen.fingerprint == leaf.fingerprint


def found(*said: tuple[str, tuple[tuple[str, int], ...]], address: str = HOST) -> Found:
    return Found("found:x", address, said=said)


def listing(*protocols: tuple[str, bool, tuple[int, ...]]) -> Script:
    """A device that tells its protocols to anybody."""
    lines = (
        f"<NetworkProtocols><Name>{name}</Name><Enabled>{str(enabled).lower()}</Enabled>"
        f"{''.join(f'<Port>{port}</Port>' for port in ports)}</NetworkProtocols>"
        for name, enabled, ports in protocols
    )
    return lambda _: answered("GetNetworkProtocols", "".join(lines))


@asynccontextmanager
async def site(*servers: Server) -> AsyncIterator[tuple[Server, ...]]:
    async with AsyncExitStack() as stack:
        yield tuple([await stack.enter_async_context(server) for server in servers])


def secure(host: str = HOST) -> Server:
    return Server(silent, presenting(new_leaf().context()), host)


def foreign(host: str = HOST) -> Server:
    """Something else on a port, that is no TLS."""
    return Server(saying(b"220 ready\r\n"), host=host)


async def find(about: Found, target: Target | None = None) -> Place:
    return await Finder(await Wsdls.load(), target or Target(about.address), about).find()


async def test_of_several_ports_that_are_announced_the_one_by_ws_discovery_is_taken_and_all_are_told() -> None:
    async with site(secure(), secure()) as (first, second):
        place = await find(
            found(
                ("SSDP", (("http", 80),)),
                ("mDNS", (("https", second.port),)),
                ("WS-Discovery", (("https", first.port),)),
            )
        )
    assert (place.port, place.how) == (first.port, "WS-Discovery")
    assert place.line == f"HTTPS on {first.port} (WS-Discovery) · mDNS says HTTPS {second.port} · SSDP says HTTP 80"


async def test_an_announced_port_where_nothing_or_something_else_answers_is_passed_over() -> None:
    async with site(secure(), foreign(), foreign()) as (real, other, gone):
        await gone.__aexit__()
        place = await find(
            found(
                ("WS-Discovery", (("https", gone.port), ("https", other.port))),
                ("mDNS", (("https", real.port),)),
            )
        )
    assert (place.port, place.how) == (real.port, "mDNS")
    assert b"HTTP" not in other.heard


async def test_a_port_that_is_given_comes_before_all_that_is_announced() -> None:
    async with site(secure(), secure()) as (asked, announced):
        place = await find(found(("mDNS", (("https", announced.port),))), Target(HOST, asked.port))
    assert (place.port, place.how) == (asked.port, "the port given")


async def test_the_device_itself_comes_after_the_announcements() -> None:
    async with (
        site(secure("127.0.0.1"), secure("127.0.0.1")) as (announced, own),
        ScriptedCamera(listing(("HTTPS", True, (own.port,)))) as device,
    ):
        about = found(("mDNS", (("http", device.port), ("https", announced.port))), address="127.0.0.1")
        place = await find(about)
    assert (place.port, place.how) == (announced.port, "mDNS")
    assert place.line == f"HTTPS on {announced.port} (mDNS) · device says HTTPS {own.port}"


async def test_of_several_ports_that_the_device_lists_the_one_that_answers_is_taken() -> None:
    async with (
        site(secure("127.0.0.1"), foreign("127.0.0.1")) as (real, other),
        ScriptedCamera(listing(("https", True, (0, other.port, real.port)))) as device,
    ):
        place = await find(found(("SSDP", (("http", device.port),)), address="127.0.0.1"))
    assert (place.scheme, place.port, place.how) == ("https", real.port, "device")
    assert place.line.endswith(f" · SSDP says HTTP {device.port} · device says HTTPS {other.port}")


async def test_a_port_in_the_answer_that_does_not_listen_leads_nowhere_and_the_device_is_on_http() -> None:
    async with site(foreign("127.0.0.1")) as (gone,):
        await gone.__aexit__()
        async with ScriptedCamera(listing(("HTTP", True, (80,)), ("HTTPS", True, (gone.port,)))) as device:
            place = await find(found(("SSDP", (("http", device.port),)), address="127.0.0.1"))
    assert (place.scheme, place.port, place.seen) == ("http", device.port, None)
    assert place.line == f"HTTP on {device.port} (no HTTPS answers) · device says HTTPS {gone.port}"


async def test_https_that_is_off_is_told_where_anybody_may_ask() -> None:
    async with ScriptedCamera(listing(("HTTP", True, (80,)), ("HTTPS", False, (443,)))) as device:
        place = await find(found(("SSDP", (("http", device.port),)), address="127.0.0.1"))
    assert place.listed is not None
    assert is_https_off(place.listed)
    assert place.line == f"HTTP on {device.port} (no HTTPS answers) · device says HTTPS off"


async def test_a_device_that_tells_nobody_is_taken_as_it_answers() -> None:
    async with ScriptedCamera(lambda _: NOT_AUTHORIZED) as device:
        place = await find(found(("SSDP", (("http", device.port),)), address="127.0.0.1"))
        assert {request.way for request in device.requests if request.body} == {"plain"}
    assert (place.scheme, place.port, place.listed) == ("http", device.port, None)


async def test_where_a_device_was_reached_by_http_before_it_is_looked_for_again() -> None:
    async with ScriptedCamera(listing(("HTTPS", False, (443,)))) as device:
        place = await Finder(await Wsdls.load(), Target("127.0.0.1"), None, device.port).find()
    assert (place.scheme, place.port) == ("http", device.port)


async def test_tls_that_fails_at_a_port_that_was_named_is_no_reason_for_http() -> None:
    broken = Server(silent, presenting(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)), HOST)
    async with site(broken, Server(saying(answer()), host=HOST)) as (failing, plain):
        with pytest.raises(TlsFailedError):
            await find(found(("mDNS", (("https", failing.port),)), ("SSDP", (("http", plain.port),))))
