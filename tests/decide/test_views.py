import msgspec
import pytest

from core.decide.identity import Found
from core.decide.trust import BLOCKED_TEXT, Answer, Health, Looked, first_health, judge_look
from core.decide.views import Live, added_view, found_view, worst
from core.model.device import Attention, AttentionKind, CertificateField, CertificateView, Connection, Origin
from core.model.records import DeviceRecord, Pin
from core.model.sighting import Kind

AT = "2026-01-01T00:00:00Z"
REVIEW = Attention(AttentionKind.REVIEW_LEAF, "not accepted yet", "Compare.")
DEVICE = DeviceRecord(
    id="d1",
    name="Lobby",
    host="192.168.20.11",
    port=4443,
    scheme="https",
    pin=Pin("a" * 64, Origin.DEVICE, AT, "camtrust"),
    attention=(REVIEW,),
    added_at=AT,
    added_by="tech1",
)
CERTIFICATE = CertificateView("a" * 64, 700, issuer="itself", not_after="2036-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("ports", "address"),
    [
        ((), "192.168.20.9"),
        ((("http", 80),), "192.168.20.9"),
        ((("http", 8080),), "192.168.20.9"),
        ((("http", 80), ("https", 443)), "192.168.20.9"),
        ((("http", 80), ("https", 4443)), "192.168.20.9:4443"),
    ],
)
def test_a_found_device_is_added_by_its_https_port_and_never_by_its_http_port(
    ports: tuple[tuple[str, int], ...], address: str
) -> None:
    view = found_view(Found("found:x", "192.168.20.9", ports))
    assert (view.address, view.connection, view.certificate_field) == (address, Connection.DISCOVERED, None)


def test_an_added_device_shows_its_pin_and_what_to_do() -> None:
    live = Live(Health(Connection.ONLINE), AT)
    view = added_view(DEVICE, live, CERTIFICATE)
    assert (view.address, view.certificate_field) == ("192.168.20.11:4443", CertificateField.DEVICE)
    assert (view.fingerprint, view.issuer, view.not_after) == ("a" * 64, "itself", "2036-01-01T00:00:00Z")
    assert (view.attention, view.attention_hint) == ("not accepted yet", "Compare.")


def test_while_it_is_being_added_its_step_stands_in_place_of_what_to_do() -> None:
    view = added_view(DEVICE, Live(Health(Connection.OFFLINE), AT, step=6, steps=10), CERTIFICATE)
    assert (view.connection, view.step, view.attention) == (Connection.ADDING, 6, None)


def test_a_block_is_told_before_anything_else() -> None:
    blocked = msgspec.structs.replace(DEVICE, presented="b" * 64)
    view = added_view(blocked, Live(first_health(blocked), AT), CERTIFICATE)
    assert (view.connection, view.attention, view.presented) == (Connection.BLOCKED, BLOCKED_TEXT, "b" * 64)
    assert view.presented_at is None


def test_a_block_that_does_not_answer_any_more_says_so_after_the_second_look() -> None:
    blocked = msgspec.structs.replace(DEVICE, presented="b" * 64)
    healths = [first_health(blocked)]
    for answer in (Answer.NOTHING, Answer.NOTHING, Answer.LEAF):
        _, health = judge_look(blocked, healths[-1], Looked(answer, "b" * 64 if answer is Answer.LEAF else ""))
        healths.append(health)
    views = [added_view(blocked, Live(health, AT), CERTIFICATE) for health in healths]
    assert [view.silent for view in views] == [False, False, True, False]
    assert {view.connection for view in views} == {Connection.BLOCKED}


@pytest.mark.parametrize("answer", [Answer.TLS_FAILED, Answer.NOT_TLS])
def test_what_answers_something_is_not_silent(answer: Answer) -> None:
    blocked = msgspec.structs.replace(DEVICE, presented="b" * 64)
    health = first_health(blocked)
    for _ in range(3):
        _, health = judge_look(blocked, health, Looked(answer))
    assert not added_view(blocked, Live(health, AT), CERTIFICATE).silent


def test_where_a_device_seems_to_have_moved_the_silence_at_its_old_address_is_not_told() -> None:
    claimed = msgspec.structs.replace(DEVICE, presented="b" * 64, presented_host="192.168.20.9", presented_port=443)
    health = first_health(claimed)
    for _ in range(3):
        _, health = judge_look(claimed, health, Looked(Answer.NOTHING))
    assert (health.misses, added_view(claimed, Live(health, AT), CERTIFICATE).silent) == (0, False)


@pytest.mark.parametrize(
    ("host", "port", "at"),
    [("192.168.20.9", 443, "192.168.20.9:443"), ("fe80::1%eth1", 8443, "[fe80::1%eth1]:8443")],
)
def test_where_another_certificate_was_seen_is_told_if_that_is_elsewhere(host: str, port: int, at: str) -> None:
    moved = msgspec.structs.replace(DEVICE, presented="b" * 64, presented_host=host, presented_port=port)
    assert added_view(moved, Live(first_health(moved), AT), CERTIFICATE).presented_at == at


ROW = Found(
    "found:x",
    "192.168.20.11",
    ports=(("https", 443), ("https", 8443), ("http", 80)),
    name="Camera 7",
    manufacturer="AXIS",
    model="P3245",
    serial="ACCC8E010203",
    kind=Kind.CAMERA,
    said=(("SSDP", (("http", 80),)), ("WS-Discovery", (("https", 443), ("http", 80))), ("mDNS", (("https", 8443),))),
    sources=("SSDP", "WS-Discovery", "mDNS"),
    addresses=("192.168.20.11", "fe80::1%eth0"),
)
FOUND_BY = ("SSDP (HTTP 80)", "WS-Discovery (HTTPS 443, HTTP 80)", "mDNS (HTTPS 8443)")


def test_a_found_device_shows_what_it_says_and_which_source_told_which_port() -> None:
    view = found_view(ROW)
    assert (view.name, view.manufacturer, view.model, view.serial) == ("Camera 7", "AXIS", "P3245", "ACCC8E010203")
    assert (view.addresses, view.kind, view.found_by) == (ROW.addresses, Kind.CAMERA, FOUND_BY)


def test_a_source_that_names_no_port_is_told_all_the_same() -> None:
    assert found_view(Found("found:x", "192.168.20.9", said=(("mDNS", ()),))).found_by == ("mDNS",)


def test_what_is_not_known_of_an_added_device_is_taken_from_what_is_announced() -> None:
    live = Live(Health(Connection.ONLINE), AT)
    view = added_view(DEVICE, live, CERTIFICATE, (ROW,))
    assert (view.manufacturer, view.model, view.serial) == ("AXIS", "P3245", "ACCC8E010203")
    assert (view.name, view.kind, view.found_by) == ("Lobby", Kind.CAMERA, FOUND_BY)
    known = msgspec.structs.replace(DEVICE, manufacturer="Bosch", model="F1", serial="77")
    view = added_view(known, live, CERTIFICATE, (ROW,))
    assert (view.manufacturer, view.model, view.serial) == ("Bosch", "F1", "77")


def test_an_added_device_shows_all_addresses_that_claim_to_be_it() -> None:
    liar = Found("found:y", "192.168.20.66", name="Liar", addresses=("192.168.20.66", "fe80::1%eth0"))
    view = added_view(DEVICE, Live(Health(Connection.ONLINE), AT), CERTIFICATE, (ROW, liar))
    assert view.addresses == ("192.168.20.11", "fe80::1%eth0", "192.168.20.66")
    assert view.found_by == FOUND_BY


def test_the_worst_comes_first_and_nothing_is_nothing() -> None:
    refused = Attention(AttentionKind.LOGIN_REFUSED, "refused")
    assert worst((REVIEW, refused)) is refused
    assert worst(()) is None
