"""Fields of answers: numbers, durations, ids, DER."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from core.model.errors import GarbledError
from core.onvif import reading
from core.onvif.addresses import path_of


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("PT30S", 30.0),
        ("PT1M2.5S", 62.5),
        ("PT0S", 0.0),
        ("P0Y0M0DT0H0M10S", 10.0),
        ("PT59M59S", 3599.0),
        ("P1DT1H", 3600.0),
        ("PT99999999H", 3600.0),
        ("30", 0.0),
        ("-PT5S", 0.0),
        ("", 0.0),
        ("P", 0.0),
        ("PT", 0.0),
        ("P1Y", 0.0),
        ("PTNaNS", 0.0),
    ],
)
def test_durations(value: str, expected: float) -> None:
    assert reading.seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", 0), ("16", 16), ("-1", None), ("1e3", None), ("", None), ("²", None), ("9" * 5000, None), ("1.0", None)],
)
def test_numbers(value: str, expected: int | None) -> None:
    assert reading.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("TRUE", True), ("1", True), ("False", False), ("0", False), ("yes", None), ("", None)],
)
def test_booleans(value: str, expected: bool | None) -> None:
    assert reading.boolean(value) is expected


DER = bytes(range(256)) * 3
BASE64 = base64.encodebytes(DER).decode()
PEM = f"-----BEGIN CERTIFICATE REQUEST-----\n{BASE64}-----END CERTIFICATE REQUEST-----\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (BASE64, DER),
        (BASE64.replace("\n", ""), DER),
        (BASE64.replace("\n", "\r\n    \t"), DER),
        (PEM, DER),
        (base64.b64encode(PEM.encode()).decode(), DER),
        ("", b""),
        ("!!!", b""),
        ("AAA", b""),
        ("AAÄ=", b""),
        (base64.b64encode(bytes(64 * 1024)).decode(), bytes(64 * 1024)),
        (base64.b64encode(bytes(64 * 1024 + 1)).decode(), b""),
    ],
)
def test_der_in_each_wrapping(value: str, expected: bytes) -> None:
    assert reading.der(value) == expected


@given(st.text(max_size=200))
def test_any_text_in_any_field(value: str) -> None:
    reading.der(value)
    reading.der(f"-----BEGIN{value}")
    assert 0.0 <= reading.seconds(value) <= 3600.0
    assert reading.number(value) is None or value.isdigit()
    path = path_of(value)
    assert path == "" or path.startswith("/")


@pytest.mark.parametrize("bad", ["", "  ", "a\tb", "a\u202eb", "a\nb", "x" * 129, "\ufeff"])
def test_an_id_that_could_not_be_shown_is_refused(bad: str) -> None:
    element = etree.Element("KeyID")
    element.text = bad
    with pytest.raises(GarbledError):
        reading.identifier(element)


@pytest.mark.parametrize("good", ["1", "key-1", "urn:uuid:1 2", "schlüssel", "x" * 128])
def test_an_id_is_kept_as_it_is(good: str) -> None:
    element = etree.Element("KeyID")
    element.text = f"\n {good} "
    assert reading.identifier(element) == good


@pytest.mark.parametrize(
    ("xaddr", "path"),
    [
        ("http://10.0.0.1/onvif/device_service", "/onvif/device_service"),
        ("https://evil.example:443/onvif/a", "/onvif/a"),
        ("http://10.0.0.1:80:80/onvif/b", "/onvif/b"),
        ("http://[fe80::1%25eth0]:80/onvif/c?x=1#y", "/onvif/c"),
        ("http://user:pw@10.0.0.1/d", "/d"),
        (" /onvif/e ", "/onvif/e"),
        ("http://10.0.0.1/", "/"),
        ("http:///onvif/f", "/onvif/f"),
        ("HTTP://10.0.0.1/onvif/g extra", "/onvif/g"),
        ("http://10.0.0.1", ""),
        ("", ""),
        ("ftp://10.0.0.1/a", ""),
        ("javascript:/a", ""),
        ("//evil.example/a", ""),
        ("http://10.0.0.1//evil.example/a", ""),
        ("http://10.0.0.1/../../a", ""),
        ("http://10.0.0.1/a\u202eb", ""),
        ("http://10.0.0.1/a\r\nX: y", "/a"),
        ("http://10.0.0.1/a\x00b", ""),
        ("http://10.0.0.1/" + "a" * 300, ""),
        ("http://@evil.example/\\a", ""),
    ],
)
def test_of_an_address_only_the_path_is_believed(xaddr: str, path: str) -> None:
    assert path_of(xaddr) == path
