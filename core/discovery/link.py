"""What a multicast source has on one interface: two sockets, and what is wrong with each."""

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from core.discovery.datagrams import Inbox
from core.discovery.interfaces import Interface
from core.discovery.sockets import aim, join, open_listening, open_probing

_BURST = 64


@dataclass(frozen=True, slots=True)
class Group:
    """Where a protocol is spoken: its `name` for people, its two multicast addresses, its UDP port.

    `burst` is how many datagrams of one sender are read at once, for protocols that answer in many.
    """

    name: str
    ipv4: str
    ipv6: str
    port: int
    burst: int = _BURST

    def address(self, family: socket.AddressFamily) -> str:
        """Return the address for one version of the protocol."""
        return self.ipv6 if family == socket.AF_INET6 else self.ipv4


class Link:
    """One interface, from which `group` is asked and on which it is heard; `inbox` reads what comes."""

    def __init__(self, interface: Interface, group: Group, inbox: Inbox) -> None:
        self.interface = interface
        self._group = group
        self._address = group.address(interface.family)
        self._inbox = inbox
        self._probing: socket.socket | None = None
        self._listening: socket.socket | None = None
        self._probing_problem: str | None = None
        self._listening_problem: str | None = None

    @property
    def problems(self) -> tuple[str | None, str | None]:
        """What is wrong with asking and with hearing, in words."""
        return self._probing_problem, self._listening_problem

    def open(self) -> bool:
        """Open what is not, and see that the rest still fits; tell whether it can be asked on only since now."""
        before = self._probing
        self._open_probing()
        self._open_listening()
        return self._probing is not None and self._probing is not before

    def close(self) -> None:
        """Hear nothing more."""
        self._close_probing()
        self._close_listening()

    def send(self, messages: Iterable[bytes]) -> None:
        """Ask the group; what hinders it becomes the problem of this interface."""
        if self._probing is None:
            return
        try:
            for message in messages:
                self._probing.sendto(message, self.interface.place(self._address, self._group.port))
            self._probing_problem = None
        except OSError as error:
            self._probing_problem = self._no_search(error)

    def _open_probing(self) -> None:
        """Open the socket or see that it still fits its interface; what fails is tried anew soon."""
        try:
            if self._probing is None:
                self._probing = open_probing(self.interface)
                self._inbox.watch(self._probing, self.interface.name)
            else:
                aim(self._probing, self.interface)
        except OSError as error:
            self._close_probing()
            self._probing_problem = self._no_search(error)

    def _open_listening(self) -> None:
        try:
            if self._listening is None:
                self._listening = open_listening(self.interface, self._address, self._group.port)
                self._inbox.watch(self._listening, self.interface.name)
            else:
                join(self._listening, self.interface, self._address)
            self._listening_problem = None
        except OSError as error:
            self._close_listening()
            where, why = self.interface.name, reason(error, self._group.port)
            self._listening_problem = f"devices that start are not noticed at once on {where}: {why}"

    def _close_probing(self) -> None:
        if self._probing is not None:
            self._inbox.forget(self._probing)
            self._probing = None

    def _close_listening(self) -> None:
        if self._listening is not None:
            self._inbox.forget(self._listening)
            self._listening = None

    def _no_search(self, error: OSError) -> str:
        return f"cannot search from {self.interface.name}: {reason(error, self._group.port)}"


def reason(error: OSError, port: int) -> str:
    """Return in words why a socket for the UDP port could not be had or used."""
    if error.errno == errno.EADDRINUSE:
        return f"another program holds UDP port {port}"
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV):
        return "the gateway has no such address"
    return (error.strerror or "unknown reason").lower()
