import msgspec
import pytest

from core.decide.identity import Found
from core.decide.trust import BLOCKED_TEXT, Health, first_health
from core.decide.views import Live, added_view, found_view, worst
from core.model.device import Attention, AttentionKind, CertificateField, CertificateView, Connection, Origin
from core.model.records import DeviceRecord, Pin

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
    view = added_view(DEVICE, live, CERTIFICATE, None)
    assert (view.address, view.certificate_field) == ("192.168.20.11:4443", CertificateField.DEVICE)
    assert (view.fingerprint, view.issuer, view.not_after) == ("a" * 64, "itself", "2036-01-01T00:00:00Z")
    assert (view.attention, view.attention_hint) == ("not accepted yet", "Compare.")


def test_while_it_is_being_added_its_step_stands_in_place_of_what_to_do() -> None:
    view = added_view(DEVICE, Live(Health(Connection.OFFLINE), AT, step=6, steps=10), CERTIFICATE, None)
    assert (view.connection, view.step, view.attention) == (Connection.ADDING, 6, None)


def test_a_block_is_told_before_anything_else() -> None:
    blocked = msgspec.structs.replace(DEVICE, presented="b" * 64)
    view = added_view(blocked, Live(first_health(blocked), AT), CERTIFICATE, None)
    assert (view.connection, view.attention, view.presented) == (Connection.BLOCKED, BLOCKED_TEXT, "b" * 64)


def test_the_worst_comes_first_and_nothing_is_nothing() -> None:
    refused = Attention(AttentionKind.LOGIN_REFUSED, "refused")
    assert worst((REVIEW, refused)) is refused
    assert worst(()) is None
