"""Telling the service manager how the engine stands, in the way of sd_notify(3)."""

import logging
import socket

READY = "READY=1"
ENDING = "STOPPING=1"

_log = logging.getLogger(__name__)


def tell(address: str, state: str) -> None:
    """Send a state to the socket that `NOTIFY_SOCKET` named; empty where there is no such manager.

    A manager that cannot be told does not keep the engine from its work.
    """
    if not address:
        return
    # An "@" stands for the zero with which abstract addresses begin (unix(7)).
    place = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.sendto(state.encode(), place)
        except OSError as error:
            _log.warning("the service manager was not told %s: %s", state, error)
