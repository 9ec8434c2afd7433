"""Lines on the socket, as both ends read them."""

import asyncio

import msgspec

from core.model.messages import FromClient, FromEngine, decode_from_client, decode_from_engine

LONGEST_REQUEST = 1024 * 1024
"""Bytes of the longest line that an engine takes from a client. What it sends may have `LONGEST_LINE`."""

# Beside its own errors the decoder lets those of `str`, of deep nesting and of our own hook for secrets through.
_UNREADABLE = (ValueError, RecursionError, NotImplementedError)


class UnreadableLineError(Exception):
    """The other end sent something that is not one of our lines. Its text holds nothing of what was sent."""


class _AnyHello(msgspec.Struct, tag="hello"):
    """What a hello of every version has in common."""

    protocol: int


_any_hello = msgspec.json.Decoder(_AnyHello)


async def read_line(reader: asyncio.StreamReader) -> bytes:
    """Return the next line with its end, or nothing where the other end is gone.

    Raises `UnreadableLineError` for a line longer than the reader's limit.
    """
    try:
        return await reader.readuntil(b"\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""
    except asyncio.LimitOverrunError as error:
        raise UnreadableLineError("the line is too long") from error


def protocol_of(line: bytes) -> int:
    """Return the protocol that a client's first line speaks, whatever else a later version put into it.

    Raises `UnreadableLineError` where it is no hello.
    """
    try:
        return _any_hello.decode(line).protocol
    except _UNREADABLE as error:
        raise UnreadableLineError("the first line is not a hello") from error


def from_client(line: bytes) -> FromClient:
    """Decode a client's line. Raises `UnreadableLineError`."""
    try:
        return decode_from_client(line)
    except _UNREADABLE as error:
        raise UnreadableLineError("the line is not one that this engine knows") from error


def from_engine(line: bytes) -> FromEngine:
    """Decode an engine's line. Raises `UnreadableLineError`."""
    try:
        return decode_from_engine(line)
    except _UNREADABLE as error:
        raise UnreadableLineError("the line is not one that this program knows") from error
