import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.discovery.claims import Url, is_usable, mac_of, parse_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://10.0.0.9/a", Url("http", "10.0.0.9", 80, "/a")),
        ("HTTPS://h:8443", Url("https", "h", 8443)),
        ("http://[fe80::1]:49152/rootdesc1.xml", Url("http", "[fe80::1]", 49152, "/rootdesc1.xml")),
        ("http://h/desc.xml?id=1&x=%20", Url("http", "h", 80, "/desc.xml", "?id=1&x=%20")),
        ("http://h/a#b", Url("http", "h", 80, "/a")),
        ("http://h/a?\r\nHost: x", Url("http", "h", 80, "/a")),
        ("http://h/a b?x=1", Url("http", "h", 80)),
        ("http://h?x=1", Url("http", "h", 80)),
        ("ftp://h/a", None),
        ("http://h:0/", None),
        ("http://h:65536/", None),
        ("http://h:22/", None),
        ("http://h:25/", None),
        ("http://h:6379/", None),
        ("", None),
        ("/relative", None),
    ],
)
def test_of_an_address_only_what_is_sane_is_taken(text: str, url: Url | None) -> None:
    assert parse_url(text) == url


def test_ports_of_other_services_and_no_ports_are_not_usable() -> None:
    assert all(map(is_usable, (80, 443, 8443, 49152, 65535)))
    assert not any(map(is_usable, (-1, 0, 65536, 22, 25, 445, 5432, 9100)))


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("ACCC8E012345", "ac:cc:8e:01:23:45"),
        ("ac:cc:8e:01:23:45", "ac:cc:8e:01:23:45"),
        ("AC-CC-8E-01-23-45", "ac:cc:8e:01:23:45"),
        ("000000000000", ""),
        ("ffffffffffff", ""),
        ("010000000000", ""),
        ("ACCC8E01234", ""),
        ("ACCC8E01234G", ""),
        ("\u0661CCC8E012345", ""),
        ("", ""),
    ],
)
def test_a_mac_address_has_one_form_and_is_of_one_interface(text: str, mac: str) -> None:
    assert mac_of(text) == mac


@given(st.text(max_size=600))
def test_whatever_is_claimed_fits_into_a_request_line(text: str) -> None:
    for url in filter(None, (parse_url(text), parse_url(f"http://{text}"), parse_url(f"http://h/{text}"))):
        assert is_usable(url.port) and url.scheme in ("http", "https")
        assert (url.path + url.query).isascii() and " " not in url.path + url.query
        assert len(url.path) <= 256 and len(url.query) <= 256
