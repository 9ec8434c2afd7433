import pytest

from core.decide.old_tls import change_in_words, may_fall_back, weak_tls
from core.decide.trust import Answer, Looked, Place, first_health, judge_look
from core.model.device import AttentionKind, Connection, Origin
from core.model.records import DeviceRecord, InstallRequest, Pin, Purpose

PIN = Pin("aa", Origin.ISSUED, "2026-01-01T00:00:00Z", "tech1")


def device(pin: Pin | None = PIN, *, weak: bool = False, tls: str = "TLS 1.3") -> DeviceRecord:
    return DeviceRecord(
        id="d1",
        name="Lobby",
        host="10.0.0.7",
        port=443,
        scheme="https",
        tls=tls,
        weak_tls=weak,
        pin=pin,
        added_at="2026-01-01T00:00:00Z",
        added_by="tech1",
    )


@pytest.mark.parametrize(
    ("purpose", "expect", "pin", "weak", "may"),
    [
        (Purpose.ADD, None, None, False, True),
        (Purpose.ADD, "aa", None, False, True),
        (Purpose.ADD, None, PIN, False, False),
        (Purpose.ADD, None, PIN, True, True),
        (Purpose.REISSUE, None, PIN, False, False),
        (Purpose.REISSUE, "bb", PIN, False, False),
        (Purpose.REISSUE, None, PIN, True, True),
        (Purpose.REPLACE, "aa", PIN, False, False),
        (Purpose.REPLACE, "aa", PIN, True, True),
        (Purpose.REPLACE, "bb", PIN, False, True),
        (Purpose.REPLACE, None, PIN, False, True),
        (Purpose.REPLACE, None, None, False, True),
    ],
)
def test_older_tls_is_for_first_contact_and_for_devices_known_for_it(
    purpose: Purpose, expect: str | None, pin: Pin | None, weak: bool, may: bool
) -> None:
    request = InstallRequest(address="10.0.0.7", by="tech1", purpose=purpose, expect=expect)
    assert may_fall_back(device(pin, weak=weak), request) is may


def test_weak_tls_is_told_in_words_and_with_what_to_do() -> None:
    assert weak_tls(device()) is None
    note = weak_tls(device(weak=True, tls="TLS 1.0, weak"))
    assert note is not None
    assert (note.kind, note.text) == (
        AttentionKind.WEAK_TLS,
        "Weak TLS: the device refuses today's (TLS 1.0, weak)",
    )
    assert "firmware" in note.hint


def test_the_beginning_and_the_end_of_weak_tls_are_told() -> None:
    modern, weak = device(), device(weak=True, tls="TLS 1.0, weak")
    assert "weak TLS: " in change_in_words(modern, weak)
    assert "no weak TLS any more: it speaks TLS 1.3" in change_in_words(weak, modern)
    assert change_in_words(modern, modern) == change_in_words(weak, weak) == ""


@pytest.mark.parametrize("place", [None, Place("10.0.0.8", 443)])
@pytest.mark.parametrize(("was", "tls", "weak"), [(True, "TLS 1.2", False), (True, "TLS 1.1, weak", True)])
def test_a_look_tells_which_tls_is_spoken_from_now_on(place: Place | None, was: bool, tls: str, weak: bool) -> None:
    before = device(weak=was, tls="TLS 1.0, weak")
    looked = Looked(Answer.LEAF, "aa", tls, weak, place=place)
    after, health = judge_look(before, first_health(before), looked)
    assert (after.tls, after.weak_tls, health.connection) == (tls, weak, Connection.ONLINE)


def test_a_look_that_fails_changes_nothing_about_it() -> None:
    before = device(weak=True, tls="TLS 1.0, weak")
    after, _ = judge_look(before, first_health(before), Looked(Answer.TLS_FAILED, reason="It fails"))
    assert (after.tls, after.weak_tls) == ("TLS 1.0, weak", True)
