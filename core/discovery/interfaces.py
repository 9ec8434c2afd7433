"""The gateway's own interfaces: those that can be searched from, and those that were chosen."""

import ipaddress
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ifaddr

# Each line: address, number, prefix length, scope, flags (all hexadecimal) and name.
_ADDRESSES = Path("/proc/net/if_inet6")
_INTERFACES = Path("/sys/class/net")
# From <linux/if_addr.h>; both are set where another machine has the same address.
_TENTATIVE, _NOT_THE_ONLY_ONE = 0x40, 0x08


@dataclass(frozen=True, slots=True)
class Interface:
    """One of the gateway's own addresses; `name` is how people write it, an IPv6 one with its zone: `fe80::1%eth0`.

    `scope` is the number of the interface that has an IPv6 address now, 0 where none has, and for IPv4.
    """

    name: str
    scope: int = 0

    @property
    def address(self) -> str:
        """The address without its zone."""
        return self.name.partition("%")[0]

    @property
    def zone(self) -> str:
        """The interface of a link-local IPv6 address."""
        return self.name.partition("%")[2]

    @property
    def family(self) -> socket.AddressFamily:
        """The version of the protocol that is spoken there."""
        return socket.AF_INET6 if ":" in self.name else socket.AF_INET

    def place(self, host: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """Return how sockets name a place on the network of this interface."""
        return (host, port) if self.family == socket.AF_INET else (host, port, 0, self.scope)


def present(names: tuple[str, ...] = ()) -> tuple[Interface, ...]:
    """Return the interfaces with these names as they are now; without names, all that can be searched from.

    Those are all IPv4 addresses but the loopback's, link-local ones too, as new cameras live there, and one link-local
    IPv6 address of each interface that has any, but the loopback. Raises OSError.
    """
    if not names:
        return (*_own(), *_one_of_each(_own6()))
    own = {interface.name: interface for interface in _own6()} if any(":" in name for name in names) else {}
    return tuple(own.get(name, Interface(name)) for name in names)


def _own() -> list[Interface]:
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [Interface(address) for address in found if not ipaddress.ip_address(address).is_loopback]


def _own6() -> Iterator[Interface]:
    """Yield `::1` and the link-local addresses; not those that are still being checked for being the only ones."""
    try:
        lines = _ADDRESSES.read_text().splitlines()
    except FileNotFoundError:  # as where the system was started without IPv6
        return
    for digits, scope, _, _, flags, name in map(str.split, lines):
        address = ipaddress.IPv6Address(bytes.fromhex(digits))
        if int(flags, 16) & (_TENTATIVE | _NOT_THE_ONLY_ONE) == _TENTATIVE:
            continue
        if address.is_link_local:
            yield Interface(f"{address}%{name}", int(scope, 16))
        elif address.is_loopback:
            yield Interface(str(address), int(scope, 16))


def _one_of_each(own: Iterable[Interface]) -> list[Interface]:
    """Return a link-local address of each interface, but of none that is the loopback or the port of a bridge.

    What comes in at such a port is heard on the bridge.
    """
    ordered = sorted(own, key=lambda interface: interface.name)
    loopback = {interface.scope for interface in ordered if not interface.zone}
    first: dict[int, Interface] = {}
    for interface in ordered:
        first.setdefault(interface.scope, interface)
    return [interface for scope, interface in first.items() if scope not in loopback and not _is_port(interface)]


def _is_port(interface: Interface) -> bool:
    return (_INTERFACES / interface.zone / "brport").exists()
