import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.networks import MOST_ADDRESSES, Addresses, parse_networks
from core.model.errors import UsageError


def addresses(*texts: str) -> list[str]:
    return list(Addresses(parse_networks(texts)))


SMALL = {
    "192.168.20.7": ["192.168.20.7"],
    "192.168.20.7/32": ["192.168.20.7"],
    "192.168.20.6/31": ["192.168.20.6", "192.168.20.7"],
    "192.168.20.4/30": ["192.168.20.5", "192.168.20.6"],
    "192.168.20.4/255.255.255.252": ["192.168.20.5", "192.168.20.6"],
    "192.168.20.10-12": ["192.168.20.10", "192.168.20.11", "192.168.20.12"],
    "192.168.20.255-192.168.21.1": ["192.168.20.255", "192.168.21.0", "192.168.21.1"],
    "192.168.20.10-10": ["192.168.20.10"],
    "2001:db8::/127": ["2001:db8::", "2001:db8::1"],
    "2001:DB8::9-2001:db8::a": ["2001:db8::9", "2001:db8::a"],
    "::1": ["::1"],
    "fe80::1%eth1": ["fe80::1%eth1"],
    "fe80::8%eth0.20/127": ["fe80::8%eth0.20", "fe80::9%eth0.20"],
}

BAD = {
    "": "No network",
    " ,; ": "No network",
    "cam-7": "'cam-7' is not an IP address",
    "192.168.20": "'192.168.20' is not an IP address",
    "192.168.20.300/24": "'192.168.20.300' is not an IP address",
    "192.168.20.0/33": "'/33' is not between /0 and /32",
    "192.168.20.0/": "'/' is not between",
    "192.168.20.0/x": "'/x' is not between",
    "192.168.20.0/-1": "'/-1' is not between",
    "2001:db8::/129": "'/129' is not between /0 and /128",
    "192.168.20.1:443": "'192.168.20.1:443' is not an IP address",
    "http://192.168.20.0/24": "is not an IP address",
    "192.168.20.20-10": "ends at 192.168.20.10, before it begins",
    "192.168.20.20-300": "'192.168.20.300' is not an IP address",
    "192.168.20.20-": "'' is not an IP address",
    "192.168.20.20-::1": "one end is an IPv4 address",
    "192.168.20.1-192.168.20.9/24": "'192.168.20.9/24' is not an IP address",
    "239.255.255.250": "224.0.0.0/4",
    "223.255.255.0-224.0.0.1": "224.0.0.0/4",
    "0.0.0.0": "0.0.0.0/8",
    "255.255.255.255": "240.0.0.0/4",
    "ff02::1": "ff00::/8",
    "::": "::/128",
    "::ffff:192.168.20.1": "written as such",
    "fe80::1": "the interface is missing, as in fe80::1%eth1",
    "fe80::/112": "the interface is missing",
    "192.168.20.1%eth1": "'%eth1' belongs to link-local",
    "2001:db8::1%eth1": "'%eth1' belongs to link-local",
    "fe80::1%a:very:long:interface": "network interface",
    "\x1b[2J": "is not an IP address",
}


@pytest.mark.parametrize("text", SMALL)
def test_what_a_technician_types_is_understood(text: str) -> None:
    assert addresses(text) == SMALL[text]


@pytest.mark.parametrize("text", BAD)
def test_the_part_that_is_wrong_is_named(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_networks((text,))
    assert BAD[text] in raised.value.title
    assert raised.value.title.isprintable()
    assert raised.value.hint


def test_a_network_has_neither_its_own_nor_its_broadcast_address() -> None:
    found = addresses("192.168.20.0/24")
    assert (len(found), found[0], found[-1]) == (254, "192.168.20.1", "192.168.20.254")


def test_an_address_with_a_mask_is_taken_as_its_network_and_that_is_said() -> None:
    [network] = parse_networks(("192.168.20.7/24",))
    assert str(network) == "192.168.20.0/24"
    assert network.note == "192.168.20.7/24 is taken as the network 192.168.20.0/24."
    assert not any(network.note for network in parse_networks(tuple(SMALL)[:4]))


def test_several_networks_may_be_in_one_text_and_each_address_counts_once() -> None:
    texts = ("10.0.0.9 10.0.0.0/30, 10.0.0.2-3;10.0.0.1-2", "10.0.0.1", "::2-::3", "::1-::2")
    found = Addresses(parse_networks(texts))
    assert list(found) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.9", "::1", "::2", "::3"]
    assert len(found) == 7


def test_an_address_is_among_them_or_not() -> None:
    found = Addresses(parse_networks(("10.0.0.0/30", "fe80::2%eth1/127")))
    assert all(address in found for address in found)
    for other in ("10.0.0.0", "10.0.0.3", "::a00:1", "fe80::2", "fe80::2%eth2", "fe80::4%eth1", "", "cam"):
        assert other not in found


@pytest.mark.parametrize("text", ["10.0.0.0/16", "10.0.0.0-10.0.255.255", "2001:db8::/112", "10.0.0.0/17 10.1.0.0/17"])
def test_a_16_is_the_most(text: str) -> None:
    assert len(addresses(text)) <= MOST_ADDRESSES


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0/15",
        "10.0.0.0/8",
        "10.0.0.0-10.1.0.0",
        "2001:db8::/111",
        "2001:db8::/0",
        "10.0.0.0/16 10.1.0.0/29",
        "0.0.0.0/0",
    ],
)
def test_more_than_a_16_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="too many"):
        parse_networks((text,))


def test_more_networks_than_fit_into_one_scan_are_refused() -> None:
    with pytest.raises(UsageError, match="257 networks"):
        parse_networks(tuple(f"10.0.{number // 256}.{number % 256}" for number in range(257)))


NETWORKS = st.one_of(
    st.tuples(st.integers(0, 2**32 - 1), st.integers(22, 32)).map(lambda of: f"{ipaddress.IPv4Address(of[0])}/{of[1]}"),
    st.tuples(st.integers(0, 2**128 - 1), st.integers(118, 128)).map(
        lambda of: f"{ipaddress.IPv6Address(of[0])}/{of[1]}"
    ),
)


@given(NETWORKS)
def test_no_address_lies_outside_and_all_that_can_be_a_device_are_inside(text: str) -> None:
    whole = ipaddress.ip_network(text, strict=False)
    try:
        found = addresses(text)
    except UsageError as error:
        assert any(why in error.title for why in ("there is no device", "interface is missing", "written as such"))
        return
    parsed = [ipaddress.ip_address(address) for address in found]
    assert all(address in whole for address in parsed)
    assert not any(address.is_multicast or address.is_unspecified for address in parsed)
    assert whole.num_addresses - len(set(parsed)) == (2 if whole.version == 4 and whole.num_addresses > 2 else 0)


@given(st.lists(NETWORKS, min_size=1, max_size=6))
def test_networks_that_overlap_are_tried_once(texts: list[str]) -> None:
    try:
        networks = parse_networks(texts)
    except UsageError:
        return
    found = Addresses(networks)
    assert len(found) == len(set(found)) == len(list(found))
    assert set(found) == {address for network in networks for address in network}


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        networks = parse_networks((text,))
    except UsageError:
        return
    assert 0 < sum(network.size for network in networks) <= MOST_ADDRESSES
