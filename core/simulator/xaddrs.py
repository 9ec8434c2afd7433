"""What the addresses of a camera's services begin with, right or wrong."""

from collections.abc import Callable, Mapping

from core.simulator.quirks import XAddrs

# For examples only (RFC 5737), and of no interface in particular (RFC 4291, 2.5.6).
_ELSEWHERE = "192.0.2.64"
_LINK_LOCAL = "[fe80::2a1:b2ff:fec3:1]"


def origin(kind: XAddrs, scheme: str, host: str, ports: Mapping[str, int]) -> str:
    """Return such as `https://127.0.0.1:8443`. `ports` are those by scheme, `host` is as URLs have it."""
    return _ORIGINS[kind](scheme, host, ports)


def _own(scheme: str, host: str, ports: Mapping[str, int]) -> str:
    return f"{scheme}://{host}:{ports[scheme]}"


_ORIGINS: dict[XAddrs, Callable[[str, str, Mapping[str, int]], str]] = {
    "own": _own,
    "other_host": lambda scheme, _, ports: _own(scheme, _ELSEWHERE, ports),
    "two_ports": lambda scheme, host, ports: f"{_own(scheme, host, ports)}:{ports[scheme]}",
    "http_only": lambda scheme, host, ports: _own("http" if "http" in ports else scheme, host, ports),
    "link_local": lambda scheme, _, ports: _own(scheme, _LINK_LOCAL, ports),
}
