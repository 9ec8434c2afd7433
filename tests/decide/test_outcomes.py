"""How an install ended, from what is stored of it."""

import msgspec
import pytest

from core.decide.outcomes import CANCELLED, NOTHING_CHANGED, Outcome, outcome_of
from core.decide.recovery import Past
from core.model.device import Attention, AttentionKind, CertificateField, Origin
from core.model.records import DeviceRecord, InstallRecord, InstallRequest, Pin, Purpose
from core.model.rollout import MemberState, Trouble

AT = "2026-01-01T00:00:00Z"
OURS, OWN, OTHER = "a" * 64, "b" * 64, "c" * 64
DEVICE = DeviceRecord(id="d1", name="Lobby", host="10.0.0.7", port=443, scheme="https", added_at=AT, added_by="tech1")
INSTALL = InstallRecord(
    id="op-1",
    device="d1",
    request=InstallRequest(address="10.0.0.7", by="tech1", purpose=Purpose.REPLACE),
    started_at=AT,
    candidate=OURS,
    closed=True,
)
REVIEW = Attention(AttentionKind.REVIEW_LEAF, "The device's own certificate, not accepted yet")
SUCCEEDED, FAILED = MemberState.SUCCEEDED, MemberState.FAILED


def pinned(fingerprint: str, origin: Origin, *attention: Attention, presented: str | None = None) -> DeviceRecord:
    pin = Pin(fingerprint, origin, AT, "tech1")
    return msgspec.structs.replace(DEVICE, pin=pin, attention=attention, presented=presented)


def noted(kind: AttentionKind, text: str = "Why", hint: str = "What to do") -> Attention:
    return Attention(kind, text, hint)


def judged(device: DeviceRecord, outcome: str = "", past: Past | None = None, **install: object) -> Outcome | None:
    return outcome_of(device, msgspec.structs.replace(INSTALL, outcome=outcome, **install), past or Past())


def test_the_certificate_that_was_made_for_it_is_a_success_whatever_is_left_to_clear_up() -> None:
    left = pinned(OURS, Origin.ISSUED, noted(AttentionKind.CLEAN_UP))
    assert judged(left) == judged(left, closed=False) == Outcome(SUCCEEDED, certificate=CertificateField.ARCULES)


def test_what_is_in_doubt_is_not_known_yet() -> None:
    assert judged(DEVICE, closed=False) is None
    assert judged(pinned(OWN, Origin.DEVICE), closed=False) is None


def test_a_camera_that_cannot_take_a_certificate_has_not_failed() -> None:
    told = "HTTPS (Device): The camera cannot take a certificate of ours."
    assert judged(pinned(OWN, Origin.DEVICE, REVIEW), told, candidate=None) == Outcome(
        SUCCEEDED, "The camera cannot take a certificate of ours", certificate=CertificateField.DEVICE
    )


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        (AttentionKind.INSTALL_FAILED, Trouble.FAILED),
        (AttentionKind.TLS_FAILED, Trouble.FAILED),
        (AttentionKind.UNEXPECTED_LEAF, Trouble.FAILED),
        (AttentionKind.HTTPS_OFF, Trouble.FAILED),
        (AttentionKind.LOGIN_NEEDED, Trouble.LOGIN_NEEDED),
        (AttentionKind.LOGIN_REFUSED, Trouble.LOGIN_REFUSED),
        (AttentionKind.UNREACHABLE, Trouble.UNREACHABLE),
    ],
)
def test_a_failure_is_what_is_told_of_it(kind: AttentionKind, trouble: Trouble) -> None:
    assert judged(pinned(OWN, Origin.DEVICE, noted(kind), REVIEW), "HTTPS (Device): Why.") == Outcome(
        FAILED, "Why", "What to do", trouble, CertificateField.DEVICE
    )
    bare = msgspec.structs.replace(DEVICE, attention=(noted(kind),), scheme="")
    assert judged(bare, "Added without a certificate: Why.") == Outcome(FAILED, "Why", "What to do", trouble)


def test_a_refusal_is_known_by_the_journal_alone() -> None:
    past = Past(refusal=("The camera refused the login", "Check it"))
    left = f"{NOTHING_CHANGED}The camera refused the login."
    for device in (pinned(OWN, Origin.DEVICE, REVIEW), pinned(OTHER, Origin.ISSUED)):
        became = judged(device, left, past)
        assert became and (became.state, became.trouble, became[1:3]) == (FAILED, Trouble.LOGIN_REFUSED, past.refusal)


def test_a_login_that_was_kept_back_was_not_refused() -> None:
    past = Past(refusal=("The device asks for a login", "Give one"), unsent=True)
    http = msgspec.structs.replace(DEVICE, scheme="http", attention=(noted(AttentionKind.LOGIN_NEEDED),))
    became = judged(http, "HTTP: not encrypted.", past)
    assert became and (became.trouble, became.reason) == (Trouble.LOGIN_NEEDED, "Why")
    bare = judged(msgspec.structs.replace(http, attention=()), "HTTP: not encrypted.", past)
    assert bare and (bare.trouble, bare.reason) == (Trouble.LOGIN_NEEDED, "The device asks for a login")
    off = judged(
        msgspec.structs.replace(http, attention=(noted(AttentionKind.HTTPS_OFF),)), "HTTP: not encrypted.", past
    )
    assert off and (off.trouble, off.reason) == (Trouble.FAILED, "Why")
    left = judged(pinned(OWN, Origin.DEVICE, REVIEW), f"{NOTHING_CHANGED}The login was not sent.", past)
    assert left and (left.trouble, left.reason) == (Trouble.LOGIN_NEEDED, "The login was not sent")


def test_a_device_that_was_left_as_it_was_is_not_judged_by_what_was_told_of_it_before() -> None:
    device = pinned(OWN, Origin.DEVICE, noted(AttentionKind.INSTALL_FAILED, "Old story"), REVIEW)
    became = judged(device, f"{NOTHING_CHANGED}10.0.0.7 does not answer.", candidate=None)
    assert became == Outcome(FAILED, "10.0.0.7 does not answer", "", Trouble.UNREACHABLE, CertificateField.DEVICE)


def test_plain_http_is_not_what_was_asked_for() -> None:
    became = judged(msgspec.structs.replace(DEVICE, scheme="http"), "HTTP: not encrypted.")
    assert became and (became.state, became.trouble) == (FAILED, Trouble.FAILED)
    assert became.reason == "It answers only over plain HTTP"


def test_a_cancelled_one_and_a_blocked_one_have_failed() -> None:
    cancelled = judged(pinned(OWN, Origin.DEVICE, REVIEW), f"HTTPS (Device): {CANCELLED}tech2.")
    assert cancelled == Outcome(FAILED, "cancelled by tech2", "", Trouble.CANCELLED, CertificateField.DEVICE)
    blocked = judged(pinned(OURS, Origin.ISSUED, presented=OTHER))
    assert blocked and (blocked.state, blocked.trouble) == (FAILED, Trouble.BLOCKED)


def test_a_re_issue_that_came_to_nothing_is_no_success_by_the_older_certificate_of_ours() -> None:
    device = pinned(OTHER, Origin.ISSUED, noted(AttentionKind.INSTALL_FAILED))
    became = judged(device, "HTTPS (Arcules): Why.")
    assert became == Outcome(FAILED, "Why", "What to do", Trouble.FAILED, CertificateField.ARCULES)
