"""What clients hand over with their commands, read and checked."""

import asyncio
import re
import socket
from collections.abc import Iterable

from core.decide.address_list import MOST_DEVICES, usable_name
from core.decide.addresses import Target, parse_address, show_address
from core.engine.registry import Registry
from core.model.errors import UsageError
from core.model.messages import AddDevices, ReplaceDevice
from core.model.preflight import Preflight
from core.model.records import DeviceRecord, Login

_RESOLVE_DEADLINE = 5.0
_LONGEST_PATIENCE = 86_400.0
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def parse_all(addresses: tuple[str, ...]) -> list[Target]:
    """Read what was typed for several devices, each once. Raises `UsageError`."""
    if not 0 < len(addresses) <= MOST_DEVICES:
        raise UsageError(
            "No address was given" if not addresses else "Too many addresses", f"Give 1 to {MOST_DEVICES:,}."
        )
    targets = [parse_address(address) for address in addresses]
    ports: dict[str, set[int | None]] = {}
    for target in targets:
        others = ports.setdefault(target.host, set())
        if target.port in others:
            raise UsageError(f"{target} was given twice", "Give each device once.")
        if others and None in (*others, target.port):
            raise UsageError(f"{target.host} was given with a port and without", "Give the port of each device there.")
        others.add(target.port)
    return targets


def names_of(command: AddDevices) -> list[str]:
    """Return a name for each address, empty where none was given. Raises `UsageError`."""
    if not command.names:
        return [""] * len(command.addresses)
    if len(command.names) != len(command.addresses):
        raise UsageError("There are not as many names as addresses", "Give each address a name, or none of them.")
    return [usable_name(name) for name in command.names]


def patience_of(command: AddDevices | ReplaceDevice) -> float | None:
    """Return how long to wait for the device, None for as long as is configured. Raises `UsageError`."""
    if command.patience is not None and not 0 <= command.patience <= _LONGEST_PATIENCE:
        raise UsageError("The patience is not usable", f"Give 0 to {_LONGEST_PATIENCE:.0f} seconds.")
    return command.patience


def check_enabling(enable_https: bool, targets: Iterable[Target]) -> None:
    """Raise `UsageError` where HTTPS is to be switched on at an address that asks for plain HTTP."""
    target = next((target for target in targets if target.scheme == "http"), None)
    if enable_https and target is not None:
        raise UsageError(
            f"http://{target} asks for plain HTTP, and HTTPS is to be switched on there",
            f"Give {show_address(target.host, target.port, 'http')} without http:// and port 80, or leave HTTPS alone.",
        )


def login_of(command: AddDevices | ReplaceDevice | Preflight) -> Login | None:
    """Return the login that was given, if one was."""
    return Login(command.user, command.password) if command.user and command.password is not None else None


def address_of(device: DeviceRecord) -> str:
    """Return where to look for an added device. One that had a certificate is never reached over HTTP (rule R13)."""
    if device.pin is None:
        return show_address(device.host, None if device.scheme == "http" else device.port)
    return f"https://{show_address(device.host, device.port)}"


def expected_leaf(command: AddDevices, targets: list[Target]) -> str | None:
    """Return the fingerprint that the first leaf must have, None where any will do. Raises `UsageError`."""
    if command.expect is None:
        return None
    if len(targets) != 1:
        raise UsageError("An expected fingerprint fits one device only", "Add this device on its own.")
    return read_fingerprint(command.expect)


def read_fingerprint(text: str) -> str:
    """Read a fingerprint as any program prints it. Raises `UsageError`."""
    cleaned = re.sub(r"[\s:-]", "", text).lower().removeprefix("sha256")
    if not _FINGERPRINT.fullmatch(cleaned):
        raise UsageError("The fingerprint is not a SHA-256 one", "It has 64 hexadecimal digits.")
    return cleaned


async def locate(registry: Registry, target: Target) -> None:
    """Tell the registry where a name leads to now. Raises `UsageError` where nobody knows; addresses need no asking."""
    if not target.is_name:
        return
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_DEADLINE):
            found = await loop.getaddrinfo(target.host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise UsageError(
            f"The name '{target.host}' cannot be resolved to an address",
            "Check the spelling and the gateway's DNS, or give the IP address.",
        ) from None
    registry.locate(target.host, tuple(dict.fromkeys(str(place[0]) for *_, place in found)))
