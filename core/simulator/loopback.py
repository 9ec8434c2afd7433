"""Where simulated cameras may be: on the loopback interface and nowhere else."""

import ipaddress

LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
INTERFACE = "lo"


def network_of(prefix: str) -> ipaddress.IPv4Network:
    """Return the network of three bytes, such as `127.77.0`. Raises `ValueError` for what is not on loopback."""
    network = ipaddress.IPv4Network(f"{prefix}.0/24")
    check_inside(str(network.network_address), LOOPBACK)
    return network


def check_inside(address: str, network: ipaddress.IPv4Network = LOOPBACK) -> None:
    """Raise `ValueError` unless the address is in the network. IPv6 counts as in all of loopback."""
    parsed = ipaddress.ip_address(address)
    if parsed not in network and not (network == LOOPBACK and _is_inside6(parsed)):
        raise ValueError(f"{address} is outside {network}, and simulated cameras stay inside")


def is_inside(address: str) -> bool:
    """Tell whether an address is on the loopback interface."""
    parsed = ipaddress.ip_address(address)
    return parsed in LOOPBACK or _is_inside6(parsed)


def _is_inside6(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return False
    return address.is_loopback or (address.is_link_local and address.scope_id == INTERFACE)
