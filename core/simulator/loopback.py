"""Where simulated cameras may be: on the loopback interface and nowhere else."""

import ipaddress

LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


def network_of(prefix: str) -> ipaddress.IPv4Network:
    """Return the network of three bytes, such as `127.77.0`. Raises `ValueError` for what is not on loopback."""
    network = ipaddress.IPv4Network(f"{prefix}.0/24")
    check_inside(str(network.network_address), LOOPBACK)
    return network


def check_inside(address: str, network: ipaddress.IPv4Network = LOOPBACK) -> None:
    """Raise `ValueError` unless the address is in the network."""
    if ipaddress.IPv4Address(address) not in network:
        raise ValueError(f"{address} is outside {network}, and simulated cameras stay inside")
