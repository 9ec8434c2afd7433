"""The gateway's own interfaces as technicians name them: by one of their addresses."""

import ipaddress
import re

from core.model.errors import UsageError
from core.model.text import clean

_ZONE = re.compile(r"[A-Za-z0-9_.:~-]{1,15}")
_HINT = "Name interfaces by one of their own addresses, such as 10.0.0.2 or fe80::1%eth0."


def parse_interface(text: str) -> str:
    """Return an IPv4 address, or a link-local IPv6 address with its zone, or `::1`, as it is usually written.

    Raises `UsageError` saying what is wrong with it.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        why = "it is no IP address"
    else:
        why = _wrong(address)
    if why:
        raise UsageError(f"'{clean(text)}' is no address of an interface: {why}", _HINT)
    return str(address)


def _wrong(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if address.is_multicast or address.is_unspecified:
        return "no single interface has it"
    if isinstance(address, ipaddress.IPv4Address):
        return ""
    if address.is_link_local:
        return "" if _ZONE.fullmatch(address.scope_id or "") else "the interface is missing, as in fe80::1%eth0"
    return "" if str(address) == "::1" else "of IPv6, only link-local addresses such as fe80::1%eth0 are searched from"
