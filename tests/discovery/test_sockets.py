import errno
import socket
import struct

import pytest

from core.discovery.datagrams import Datagram, Inbox
from core.discovery.interfaces import Interface
from core.discovery.sockets import aim, host_of, join, numeric, open_asking, open_listening, open_probing
from tests.discovery.cameras import GROUP, LOOPBACK, free_port, send, until

HERE = Interface(LOOPBACK)
GONE = (Interface("203.0.113.9"), Interface("fe80::1%gone"))
LO6 = Interface("::1", socket.if_nametoindex("lo"))


async def test_a_listener_hears_its_group_on_its_interface_and_no_unicast() -> None:
    heard: list[Datagram] = []

    def handle(datagram: Datagram) -> bool:
        heard.append(datagram)
        return True

    inbox, port = Inbox(handle), free_port()
    inbox.watch(open_listening(HERE, GROUP, port), LOOPBACK)
    send(b"unicast", LOOPBACK, (LOOPBACK, port))
    send(b"other group", LOOPBACK, ("239.255.255.251", port))
    send(b"multicast", "127.77.0.9", (GROUP, port))
    await until(lambda: bool(heard))
    inbox.close()
    assert heard == [Datagram(b"multicast", "127.77.0.9", LOOPBACK)]


def test_two_programs_can_listen_on_one_port() -> None:
    port = free_port()
    with open_listening(HERE, GROUP, port) as one, open_listening(HERE, GROUP, port) as other:
        send(b"x", LOOPBACK, (GROUP, port))
        assert one.recv(9) == other.recv(9) == b"x"


def test_joining_again_is_no_error_and_heals_a_membership_that_went_with_its_interface() -> None:
    port = free_port()
    with open_listening(HERE, GROUP, port) as sock:
        join(sock, HERE, GROUP)
        member = socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, member)
        send(b"lost", LOOPBACK, (GROUP, port))
        join(sock, HERE, GROUP)
        send(b"heard", LOOPBACK, (GROUP, port))
        assert sock.recv(9) == b"heard"


def test_aiming_sets_the_interface_that_multicasts_leave_through() -> None:
    nine = Interface("127.0.0.9")
    with open_probing(nine) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        aim(sock, nine)
        assert socket.inet_ntoa(sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, 4)) == "127.0.0.9"
        assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL) == 1
        assert sock.getsockname()[0] == "127.0.0.9"


def test_over_ipv6_questions_go_one_hop_far_through_one_interface_and_nothing_of_ipv4_comes_in() -> None:
    with open_probing(LO6) as sock:
        options = {
            socket.IPV6_MULTICAST_IF: LO6.scope,
            socket.IPV6_MULTICAST_HOPS: 1,
            socket.IPV6_V6ONLY: 1,
        }
        assert {option: sock.getsockopt(socket.IPPROTO_IPV6, option) for option in options} == options
        assert sock.getsockname()[0] == "::1"


def test_over_ipv6_a_listener_is_bound_to_its_group_on_its_interface_and_joining_again_is_no_error() -> None:
    port = free_port()
    with open_listening(LO6, "ff02::c", port) as sock:
        assert sock.getsockname() == ("ff02::c", port, 0, LO6.scope)
        assert sock.getsockopt(socket.IPPROTO_IPV6, 29) == 0  # IPV6_MULTICAST_ALL
        join(sock, LO6, "ff02::c")
        member = socket.inet_pton(socket.AF_INET6, "ff02::c") + struct.pack("=I", LO6.scope)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_LEAVE_GROUP, member)


@pytest.mark.parametrize("interface", GONE, ids=str)
def test_an_address_that_is_not_ours_cannot_be_opened(interface: Interface) -> None:
    with pytest.raises(OSError) as probing:
        open_probing(interface)
    with pytest.raises(OSError) as listening:
        open_listening(interface, {socket.AF_INET: GROUP, socket.AF_INET6: "ff02::c"}[interface.family], free_port())
    for error in (probing.value, listening.value):
        assert error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV)


def test_a_place_is_made_of_an_address_and_the_other_way_round() -> None:
    for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6), ("fe80::5%lo", socket.AF_INET6)):
        found, place = numeric(address, 3702)
        assert (found, host_of(place), place[1]) == (family, address, 3702)
        open_asking(found).close()
    assert host_of(("fe80::5", 3702, 0, 7), "eth0") == "fe80::5%eth0"
    assert host_of(("fd00::5", 3702, 0, 0), "eth0") == "fd00::5"
    for nothing in ("camera", "fe80::5%gone"):
        with pytest.raises(OSError):
            numeric(nothing, 3702)


def test_a_sender_on_an_interface_that_is_gone_has_no_address() -> None:
    with pytest.raises(OSError):
        host_of(("fe80::5", 1, 0, 2**31 - 1))
