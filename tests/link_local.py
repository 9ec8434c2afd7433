"""IPv6 in an empty network namespace: link-local addresses on the loopback interface, and a cable that comes and goes.

Only for modules that run there by `tests.alone`.
"""

import subprocess

OURS, CAMERA = "fe80::1%lo", "fe80::5%lo"
CABLE, CABLE_END = "fe80::11%here", "fe80::12%here"


def ip(words: str) -> None:
    """Run the program of that name."""
    subprocess.run(["ip", *words.split()], check=True, capture_output=True, timeout=20)


def set_up_loopback() -> None:
    """Give the loopback interface addresses, and let multicasts over IPv6 come back on it."""
    ip("link set lo up")
    ip("-6 route add local ff00::/8 dev lo table local")
    for address in (OURS, CAMERA):
        ip(f"address add {address.removesuffix('%lo')}/64 dev lo")


def set_up_system() -> None:
    """Have /sys tell of the interfaces that are here, not of those of the host."""
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True, capture_output=True, timeout=20)


def plug_in(*, at_once: bool = True) -> None:
    """Put in a cable with us at the end `here`; what its end `there` says comes from `CABLE_END`.

    Their addresses can be used `at_once`, or when the system has found out that nobody else has them.
    """
    ip("link add here type veth peer name there")
    for end, address in (("here", CABLE), ("there", CABLE_END)):
        ip(f"link set {end} addrgenmode none")
        ip(f"link set {end} up")
        ip(f"address add {address.removesuffix('%here')}/64 dev {end} {'nodad' if at_once else ''}")


def pull_out() -> None:
    """Take the cable away, with both interfaces."""
    ip("link delete here")
