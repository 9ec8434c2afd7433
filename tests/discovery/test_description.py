import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.discovery.datagrams import UnreadableError
from core.discovery.description import LARGEST_DESCRIPTION, Description, read_description
from tests.discovery.upnp_messages import BAD_DESCRIPTIONS, GOOD_DESCRIPTION, MEDIA_SERVER, UDN, description

BASIC = "urn:schemas-upnp-org:device:Basic:1"


def read(document: bytes) -> Description:
    return read_description(document, 49154)


def test_a_description_tells_what_the_device_is_and_where_its_pages_are() -> None:
    assert read(GOOD_DESCRIPTION) == Description(
        name="Front door",
        manufacturer="AXIS",
        model="M3045-V",
        serial="ACCC8E012345",
        udn=UDN.lower(),
        ports=(("http", 80),),
        types=(BASIC,),
        words=("AXIS M3045-V Network Camera", "M3045-V"),
    )


def test_texts_are_of_the_outermost_device_and_types_of_all() -> None:
    service = "<serviceList><service><serviceType>urn:x:service:y:1</serviceType></service></serviceList>"
    inner = f"<device><deviceType>{MEDIA_SERVER}</deviceType><UDN>uuid:in</UDN><serialNumber>5</serialNumber></device>"
    seen = read(description(inner=f"{service}<deviceList>{inner}</deviceList>"))
    assert (seen.udn, seen.serial) == (UDN.lower(), "ACCC8E012345")
    assert (seen.name, seen.types) == ("Front door", (BASIC, "urn:x:service:y:1", MEDIA_SERVER))


def test_texts_elsewhere_are_not_taken() -> None:
    seen = read(description(name="", inner="<iconList><friendlyName>icon</friendlyName></iconList>"))
    assert seen.name == ""


@pytest.mark.parametrize(
    ("presentation", "ports"),
    [
        (None, ()),
        ("", ()),
        ("/", (("http", 49154),)),
        ("index.html", (("http", 49154),)),
        ("http://203.0.113.9/", (("http", 80),)),
        ("https://h:8443/", (("https", 8443),)),
        ("http://h:22/", ()),
        ("ftp://h/", ()),
    ],
)
def test_the_port_of_its_pages_is_taken_and_no_host(
    presentation: str | None, ports: tuple[tuple[str, int], ...]
) -> None:
    assert read(description(presentation=presentation)).ports == ports


def test_texts_are_cleaned_and_cut() -> None:
    seen = read(description(name="a\u202eb" + "x" * 3000, model="y", serial="\u200b"))
    assert seen.name.startswith("a⟨202E⟩b") and len(seen.name) == 64
    assert seen.serial == "⟨200B⟩"


def test_wrong_encodings_are_forgiven() -> None:
    assert read(GOOD_DESCRIPTION.replace(b'"1.0"', b'"1.0" encoding="x-nope"')) == read(GOOD_DESCRIPTION)
    assert read(GOOD_DESCRIPTION.replace(b"Front", b"\xff")).name == "\ufffd door"
    assert read(b"\xef\xbb\xbf" + GOOD_DESCRIPTION + b"\r\n\0") == read(GOOD_DESCRIPTION)


@pytest.mark.parametrize("kind", BAD_DESCRIPTIONS)
def test_what_is_bad_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableError):
        read(BAD_DESCRIPTIONS[kind])


def test_the_size_limit_is_exact() -> None:
    assert read(GOOD_DESCRIPTION + b" " * (LARGEST_DESCRIPTION - len(GOOD_DESCRIPTION)))
    with pytest.raises(UnreadableError, match="large"):
        read(GOOD_DESCRIPTION + b" " * (LARGEST_DESCRIPTION - len(GOOD_DESCRIPTION) + 1))


def check(document: bytes) -> None:
    """Whatever comes in: clean, short texts, or the one error."""
    try:
        seen = read(document)
    except UnreadableError:
        return
    texts = (seen.name, seen.manufacturer, seen.model, seen.serial, seen.udn, *seen.types, *seen.words)
    assert all(text.isprintable() and len(text) <= 128 for text in texts)
    assert len(seen.types) <= 64 and len(seen.ports) <= 1


@given(st.binary(max_size=1000))
def test_any_bytes(document: bytes) -> None:
    check(document)


@settings(max_examples=500)
@given(
    st.lists(st.tuples(st.integers(0, len(GOOD_DESCRIPTION)), st.integers(0, 40), st.binary(max_size=12)), max_size=6)
)
def test_any_mutation_of_a_good_description(cuts: list[tuple[int, int, bytes]]) -> None:
    document = GOOD_DESCRIPTION
    for start, length, patch in cuts:
        document = document[:start] + patch + document[start + length :]
    check(document)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_any_text_in_a_good_description(name: str, kind: str, presentation: str) -> None:
    check(description(name=name, kind=kind, presentation=presentation))
