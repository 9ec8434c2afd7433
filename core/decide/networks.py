"""Networks as technicians type them, and the addresses in them, of which a scan tries each and no other."""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NoReturn

from core.model.errors import UsageError
from core.model.text import clean

MOST_ADDRESSES = 65_536

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SEPARATORS = re.compile(r"[\s,;]+")
_RANGE = re.compile(r"(?P<first>[^-]*)-(?P<last>[^-]*)")
_SCOPED = re.compile(r"(?P<address>[^%/]*)(?:%(?P<zone>[A-Za-z0-9_.~-]{1,15}))?(?:/(?P<size>.*))?", re.DOTALL)
_MOST_NETWORKS = 256
# This network, multicast, reserved and broadcast (RFC 6890, 2.2).
_NOBODY = tuple(map(ipaddress.ip_network, ("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")))
_MAPPED = ipaddress.ip_network("::ffff:0:0/96")
_EXAMPLES = "Examples: 192.168.20.0/24, 192.168.20.10-40, 192.168.20.7, fe80::1:0%eth1/112."
_TOO_MANY = "A scan tries at most 65,536 addresses, a /16. Give smaller networks, one after the other."


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses from `first` to `last`, both included; `zone` is the interface of link-local ones.

    `str()` is what a person reads. `note` says where that is not quite what was typed.
    """

    first: _Address
    last: _Address
    shown: str
    zone: str = ""
    note: str = ""

    @property
    def size(self) -> int:
        """How many addresses there are."""
        return int(self.last) - int(self.first) + 1

    def __iter__(self) -> Iterator[str]:
        kind = type(self.first)
        for number in range(int(self.first), int(self.last) + 1):
            yield f"{kind(number)}{self.zone}"

    def __str__(self) -> str:
        return self.shown


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read CIDR networks, single addresses and ranges such as `192.168.20.10-40`; a text may hold several.

    The network's own and the broadcast address of an IPv4 network are left out where it has others. Raises `UsageError`
    naming the part that is wrong, or where all of them together are more than `MOST_ADDRESSES`.
    """
    parts = [part for text in texts for part in _SEPARATORS.split(text) if part]
    if not parts:
        raise UsageError("No network was given.", _EXAMPLES)
    if len(parts) > _MOST_NETWORKS:
        raise UsageError(f"{len(parts)} networks are too many for one scan.", f"Give at most {_MOST_NETWORKS}.")
    networks = tuple(map(_network, parts))
    total = sum(network.size for network in networks)
    if total > MOST_ADDRESSES:
        what = str(networks[0]) if len(networks) == 1 else f"{len(networks)} networks"
        raise UsageError(f"{what}: {total:,} addresses are too many for one scan.", _TOO_MANY)
    return networks


class Addresses:
    """The addresses of networks, each once, in ascending order; made as they are asked for."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._spans: list[Network] = []
        for network in sorted(networks, key=_order):
            self._append(network)

    def __len__(self) -> int:
        return sum(span.size for span in self._spans)

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._spans)

    def __contains__(self, address: object) -> bool:
        text, mark, zone = str(address).partition("%")
        parsed = ipaddress.ip_address(text) if _is_ip(text) else None
        return any(
            parsed is not None
            and span.zone == mark + zone
            and span.first.version == parsed.version
            and int(span.first) <= int(parsed) <= int(span.last)
            for span in self._spans
        )

    def _append(self, network: Network) -> None:
        before = self._spans[-1] if self._spans else None
        if before is None or _order(before)[:2] != _order(network)[:2] or int(network.first) > int(before.last):
            self._spans.append(network)
        elif int(network.last) > int(before.last):
            self._spans[-1] = replace(before, last=network.last)


def _order(network: Network) -> tuple[int, str, int]:
    return network.first.version, network.zone, int(network.first)


def _network(text: str) -> Network:
    found = _RANGE.fullmatch(text)
    if found is not None and _is_ip(found["first"]):
        return _between(text, found["first"], found["last"])
    scoped = _SCOPED.fullmatch(text)
    if scoped is None:
        _refuse(text, "the part after the '%' is no network interface")
    return _block(text, _address(text, scoped["address"]), scoped["zone"], scoped["size"])


def _between(text: str, start: str, end: str) -> Network:
    first = _address(text, start)
    is_short = first.version == 4 and end.isascii() and end.isdigit()
    last = _address(text, f"{start.rpartition('.')[0]}.{end}" if is_short else end)
    if first.version != last.version:
        _refuse(text, "one end is an IPv4 address and the other is not")
    if int(last) < int(first):
        _refuse(text, f"it ends at {last}, before it begins")
    return _checked(text, Network(first, last, f"{first}-{last}" if first != last else str(first)))


def _block(text: str, address: _Address, zone: str | None, size: str | None) -> Network:
    try:
        whole = ipaddress.ip_network(f"{address}/{address.max_prefixlen if size is None else size}", strict=False)
    except ValueError:
        _refuse(text, f"'/{clean(size or '')}' is not between /0 and /{address.max_prefixlen}")
    mark = f"%{zone}" if zone else ""
    needs_mark = address.version == 6 and address.is_link_local
    if mark and not needs_mark:
        _refuse(text, f"'{mark}' belongs to link-local IPv6 addresses only")
    if needs_mark and not mark:
        _refuse(text, f"the interface is missing, as in {address}%eth1")
    first, last = whole[0], whole[-1]
    shown = f"{first}{mark}" if first == last else f"{first}{mark}/{whole.prefixlen}"
    note = f"{clean(text)} is taken as the network {shown}." if address != first else ""
    if address.version == 4 and whole.num_addresses > 2:
        first, last = first + 1, last - 1
    return _checked(text, Network(first, last, shown, mark, note))


def _checked(text: str, network: Network) -> Network:
    if network.size > MOST_ADDRESSES:
        # It will be refused for that, which says more.
        return network
    for nobody in _NOBODY:
        if _overlap(network, nobody):
            _refuse(text, f"at {nobody} there is no device")
    if _overlap(network, _MAPPED):
        _refuse(text, "IPv4 addresses are written as such")
    return network


def _overlap(network: Network, other: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    is_apart = int(network.last) < int(other[0]) or int(network.first) > int(other[-1])
    return network.first.version == other.version and not is_apart


def _address(text: str, part: str) -> _Address:
    if not _is_ip(part):
        _refuse(text, f"'{clean(part)}' is not an IP address")
    return ipaddress.ip_address(part)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(f"'{clean(text)}' is no network: {why}.", _EXAMPLES)
