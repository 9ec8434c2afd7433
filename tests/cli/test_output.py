"""Tables, lines and JSON, without a process."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.model.device import Connection, DeviceView
from core.model.messages import DeviceDetail
from core.model.secret import Secret
from core.model.text import clean
from tests.cli.scripted import CERTIFICATE, DOCK, FOUND, LOBBY
from tui.output import detail_text, detail_value, devices_text, json_text, table, task_text, width

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

# What programs read: a key that goes or changes its meaning breaks them.
DEVICE_KEYS = {
    "id",
    "name",
    "address",
    "connection",
    "certificate_field",
    "attention",
    "attention_kind",
    "attention_hint",
    "fingerprint",
    "not_after",
    "issuer",
    "origin",
    "video",
    "model",
    "manufacturer",
    "firmware",
    "serial",
    "host",
    "port",
    "step",
    "steps",
    "last_check",
    "since",
    "tls",
    "found_by",
    "presented",
    "presented_at",
    "addresses",
    "kind",
    "change",
    "silent",
}


def test_the_json_keys_of_a_device_are_these() -> None:
    assert set(DeviceView.__struct_fields__) == DEVICE_KEYS


def test_details_never_take_a_key_of_the_device() -> None:
    value = detail_value(DeviceDetail(DOCK, stored=CERTIFICATE))

    assert value.keys() - DEVICE_KEYS == {
        "stored_certificate",
        "presented_certificate",
        "stored_by",
        "stored_at",
        "install",
        "events",
    }
    assert value["presented"] is None


def test_columns_line_up_for_wide_and_combining_characters() -> None:
    told = table(("NAME", "X"), [("門の北", "1"), ("cafe\u0301", "2"), ("Gate", "3")]).splitlines()

    assert [width(line) for line in told] == [9, 9, 9, 9]


def test_no_devices_is_a_sentence() -> None:
    assert devices_text([], NOW) == "No devices yet."


def test_a_found_device_is_told_as_not_added() -> None:
    assert "found" in devices_text([FOUND], NOW)
    assert "not added" in devices_text([FOUND], NOW)


def test_a_task_never_stands_without_the_address() -> None:
    assert task_text(LOBBY).startswith("Lobby (192.168.20.11:4443): ")


def test_a_blocked_device_shows_both_certificates() -> None:
    blocked = msgspec.structs.replace(DOCK, connection=Connection.BLOCKED)
    other = msgspec.structs.replace(CERTIFICATE, fingerprint="99ff" * 16, self_signed=True)

    told = detail_text(DeviceDetail(blocked, CERTIFICATE, other, "camtrust", "2026-11-24T07:00:00Z"), NOW)

    assert "Error with device certificate" in told
    assert "ab12 ab12" in told
    assert "99ff 99ff" in told
    assert "(itself)" in told


def test_a_certificate_that_cannot_be_read_still_has_its_fingerprint() -> None:
    unreadable = msgspec.structs.replace(CERTIFICATE, readable=False, subject="", issuer="", not_after="", key="")

    told = detail_text(DeviceDetail(DOCK, unreadable), NOW)

    assert "ab12 ab12" in told
    assert "768 bytes that cannot be read" in told


@given(st.text(max_size=200))
def test_what_a_device_says_never_breaks_a_line(text: str) -> None:
    device = msgspec.structs.replace(DOCK, name=clean(text), attention=f"says {clean(text)}")

    assert len(devices_text([device], NOW).splitlines()) == 4


@given(st.text(max_size=200))
def test_json_is_ascii(text: str) -> None:
    assert json_text({"name": text}).isascii()


def test_json_never_holds_a_secret_by_accident() -> None:
    # Nothing that is printed has a secret; the type would show its text only to the engine's socket.
    assert not any(field.type is Secret for field in msgspec.structs.fields(DeviceView))
