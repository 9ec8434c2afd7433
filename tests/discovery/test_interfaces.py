import socket

from core.discovery.interfaces import Interface, present


def test_the_loopback_is_no_interface_to_search_by_itself() -> None:
    assert not any(interface.name.startswith("127.") or interface.name == "::1" for interface in present())


def test_an_interface_is_searched_once_over_ipv6() -> None:
    scopes = [interface.scope for interface in present() if interface.family == socket.AF_INET6]
    assert len(scopes) == len(set(scopes))
    assert all(scopes)


def test_a_named_one_has_the_number_of_its_interface_and_one_that_is_not_there_has_none() -> None:
    names = ("127.0.0.1", "::1", "fe80::1%gone", "10.9.9.9")
    assert present(names) == (
        Interface("127.0.0.1"),
        Interface("::1", socket.if_nametoindex("lo")),
        Interface("fe80::1%gone"),
        Interface("10.9.9.9"),
    )


def test_a_place_on_the_network_of_an_interface_has_its_number() -> None:
    assert Interface("10.0.0.2").place("239.255.255.250", 3702) == ("239.255.255.250", 3702)
    link = Interface("fe80::1%eth0", 7)
    assert (link.address, link.place("ff02::c", 3702)) == ("fe80::1", ("ff02::c", 3702, 0, 7))
