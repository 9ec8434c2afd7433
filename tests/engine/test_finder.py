"""Where a device answers, against servers that are no cameras."""

from core.decide.addresses import Target
from core.decide.identity import Found
from core.engine.finder import Finder
from core.onvif.wsdls import Wsdls
from tests.network.leaves import new_leaf
from tests.network.servers import Behaviour, Line, Server, answer, presenting, silent

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
        found = Found("found:x", HOST, ports=(("http", plain.port),))
        place = await Finder(await Wsdls.load(), Target(HOST), found).find()
    assert (place.scheme, place.port, place.how) == ("https", secure.port, "the device names it")
    assert place.seen is not None
    assert place.seen.fingerprint == leaf.fingerprint
