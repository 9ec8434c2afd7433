"""Addresses of IPv4 and IPv6, as sockets and as URLs have them."""

import socket
from typing import Any


def family_of(address: str) -> socket.AddressFamily:
    """Return the version of the protocol."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def place(address: str, port: int) -> tuple[Any, ...]:
    """Return how a socket names a port of an address, which may have a zone. Raises `OSError` for what is none."""
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=flags)[0][4]


def host_of(place: tuple[Any, ...]) -> str:
    """Return the address in what a socket names, a link-local IPv6 one with its zone."""
    scope = place[3] if len(place) > 2 else 0
    return f"{place[0]}%{socket.if_indextoname(scope)}" if scope else str(place[0])


def in_url(address: str) -> str:
    """Return the address as URLs have it: IPv6 in brackets, without a zone, as that is everybody's own."""
    return f"[{address.partition('%')[0]}]" if ":" in address else address
