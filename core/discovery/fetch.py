"""One plain GET from a device that is not trusted: few bytes, little time, no redirect, no credentials (rule R28)."""

import asyncio

import h11

from core.decide.addresses import show_address
from core.discovery.claims import Url
from core.discovery.datagrams import UnreadableError

DEADLINE = 3.0
"""Seconds for all of it, from the connection to the last byte."""

_LARGEST_HEAD = 16 * 1024
_CHUNK = 16 * 1024


async def fetch(address: str, url: Url, largest: int) -> bytes:
    """Return what `address` has at the port and path of `url`, at most `largest` bytes; the host in it is ignored.

    Raises OSError, among them TimeoutError, where it does not answer, and `UnreadableError` for anything but a plain,
    complete document.
    """
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection(address, url.port)
        try:
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
            writer.write(_request(connection, address, url))
            return await _read(connection, reader, largest)
        except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
            raise UnreadableError(f"no HTTP: {error}") from None
        finally:
            writer.transport.abort()


def _request(connection: h11.Connection, address: str, url: Url) -> bytes:
    # A zone means something on this machine only (RFC 6874, 1).
    host = show_address(address.partition("%")[0], url.port)
    headers = [("Host", host), ("Accept-Encoding", "identity"), ("Connection", "close")]
    request = h11.Request(method="GET", target=(url.path or "/") + url.query, headers=headers)
    return connection.send(request) + connection.send(h11.EndOfMessage())


async def _read(connection: h11.Connection, reader: asyncio.StreamReader, largest: int) -> bytes:
    document, left = b"", largest + _LARGEST_HEAD
    while left > 0:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(_CHUNK)
            left -= len(data)
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            _check(event)
        elif isinstance(event, h11.Data):
            document += event.data
        elif isinstance(event, h11.EndOfMessage):
            break
        elif not isinstance(event, h11.InformationalResponse):
            raise UnreadableError("closed early")
    if left <= 0 or len(document) > largest:
        raise UnreadableError("too large")
    return document


def _check(response: h11.Response) -> None:
    headers = dict(response.headers)
    if response.status_code != 200:
        raise UnreadableError(f"status {response.status_code}")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise UnreadableError("compressed")
