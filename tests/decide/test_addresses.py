import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.addresses import Target, parse_address, show_address
from core.model.errors import UsageError

GOOD = {
    "192.168.20.1": Target("192.168.20.1"),
    " 192.168.20.1\n": Target("192.168.20.1"),
    "192.168.20.1:4443": Target("192.168.20.1", 4443),
    "192.168.20.1:80": Target("192.168.20.1", 80, "http"),
    "http://192.168.20.1": Target("192.168.20.1", None, "http"),
    "HTTP://192.168.20.1:8080/onvif": Target("192.168.20.1", 8080, "http"),
    "https://cam-7.local:8443/path?x=1": Target("cam-7.local", 8443, "https"),
    "https://192.168.20.1:80": Target("192.168.20.1", 80, "https"),
    "Cam_7.Site.Example.": Target("cam_7.site.example"),
    "[fe80::1%eth1]:443": Target("fe80::1%eth1", 443),
    "fe80::1%eth0.20": Target("fe80::1%eth0.20"),
    "https://[fe80::1%25eth1]": Target("fe80::1%eth1", None, "https"),
    "[fe80::1%25]": Target("fe80::1%25"),
    "2001:DB8::1": Target("2001:db8::1"),
    "http://192.168.20.1:443": Target("192.168.20.1", 443, "http"),
    "https://192.168.20.1": Target("192.168.20.1", None, "https"),
    "https://192.168.20.1/24": Target("192.168.20.1", None, "https"),
    "cam-7": Target("cam-7"),
    "10-0-0-1.site.example": Target("10-0-0-1.site.example"),
    "[::1]": Target("::1"),
    "::ffff:192.168.20.1": Target("192.168.20.1"),
    "[::ffff:c0a8:1401]:8443": Target("192.168.20.1", 8443),
}

BAD = {
    "": "empty",
    "   ": "empty",
    "192.168.20": "192.168.20",
    "192.168.20.300": "192.168.20.300",
    "192.168.20.1:0": "port 0",
    "192.168.20.1:65536": "port 65536",
    "192.168.20.1:99999999999": "port 99999999999",
    "192.168.20.1:": "port ''",
    "192.168.20.1:44x": "port '44x'",
    "192.168.20.1:+80": "port '+80'",
    "192.168.20.1:٤٤٣": "not a number",
    "ftp://192.168.20.1": "ftp",
    "rtsp://192.168.20.1": "rtsp",
    "http://": "host is missing",
    ":443": "host is missing",
    "http:///path": "host is missing",
    "cam 7": "'cam 7'",
    "-cam": "-cam",
    "cam..local": "cam..local",
    "a" * 64: "host name",
    "x" * 1000: "too long",
    "admin:secret@192.168.20.1": "password",
    "https://admin:secret@192.168.20.1:443": "password",
    "admin@192.168.20.1": "user name",
    "https://admin:sec/secret@192.168.20.1": "password",
    "https://admin:sec#secret@192.168.20.1": "password",
    "admin:sec?secret@192.168.20.1:4443": "password",
    "admin:sec@secret@192.168.20.1/x": "password",
    "239.255.255.250": "one device",
    "0.0.0.0": "one device",
    "255.255.255.255": "one device",
    "[192.168.20.1]": "IPv6",
    "[::1": "the ']' after",
    "[::1]443": "'443' after the ']'",
    "[::1]x:443": "'x:443' after the ']'",
    "[fe80::1]:443": "the interface is missing, as in fe80::1%eth1",
    "fe80::1": "the interface is missing",
    "fe80::1%": "brackets",
    "[2001:db8::1%eth1]": "'%eth1' belongs to link-local",
    "[fe80::1%eth 1]": "'eth 1' after the '%'",
    "[fe80::1%\x1b[2J]": "after the '%'",
    "[fe80::1%eth1%eth2]": "not an IPv6 address",
    "fe80::1%eth1:443": "'eth1:443' after the '%'",
    "[::ffff:239.255.255.250]": "one device",
    "[ff02::1%eth1]": "one device",
    "[::]:443": "one device",
    "192.168.20.0/24": "several addresses",
    "192.168.20.0/255.255.255.0": "several addresses",
    "192.168.20.10-20": "several addresses",
    "192.168.20.10-192.168.20.20": "several addresses",
    "3232240641": "not an IPv4 address",
    "0xc0a81401": "not an IPv4 address",
    "0xc0.168.20.1": "not an IPv4 address",
    "192.168.020.001": "not an IPv4 address",
    "https:192.168.20.1": "port '192.168.20.1'",
    "1:2:3": "brackets",
    "\x1b[2J": "",
}


@pytest.mark.parametrize("text", GOOD)
def test_what_a_technician_types_is_understood(text: str) -> None:
    assert parse_address(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_the_part_that_is_wrong_is_named(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_address(text)
    assert BAD[text] in raised.value.title
    assert raised.value.hint.startswith("Examples")
    assert "secret" not in raised.value.title
    assert raised.value.title.isprintable()


@given(st.text(max_size=80))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        target = parse_address(text)
    except UsageError:
        return
    again = parse_address(show_address(target.host, target.port))
    assert (again.host, again.port) == (target.host, target.port)


def test_addresses_are_shown_without_the_port_that_the_scheme_implies() -> None:
    assert show_address("192.168.20.1", 443, "https") == "192.168.20.1"
    assert show_address("192.168.20.1", 443, "http") == "192.168.20.1:443"
    assert show_address("::1", 8443) == "[::1]:8443"
    assert Target("192.168.20.1").is_name is False
    assert Target("cam.local").is_name is True
