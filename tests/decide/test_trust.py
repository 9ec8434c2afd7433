import msgspec
import pytest

from core.decide.trust import (
    BLOCKED_TEXT,
    Answer,
    Health,
    Looked,
    after_install,
    certificate_field,
    first_health,
    judge_look,
)
from core.model.device import AttentionKind, CertificateField, Connection, Origin
from core.model.records import DeviceRecord, Pin

PINNED = DeviceRecord(
    id="d1",
    name="Lobby",
    host="192.168.20.11",
    port=443,
    scheme="https",
    pin=Pin("a" * 64, Origin.ISSUED, "2026-01-01T00:00:00Z", "tech1"),
    added_at="2026-01-01T00:00:00Z",
    added_by="tech1",
)
BLOCKED = msgspec.structs.replace(PINNED, presented="b" * 64)
PLAIN = msgspec.structs.replace(PINNED, scheme="http", port=80, pin=None)
BARE = msgspec.structs.replace(PINNED, pin=None)
ONLINE, OFFLINE = Health(Connection.ONLINE), Health(Connection.OFFLINE, 2)
NOTHING = Looked(Answer.NOTHING, reason="It does not answer")


def leaf(fingerprint: str) -> Looked:
    return Looked(Answer.LEAF, fingerprint, "TLS 1.3")


@pytest.mark.parametrize(
    ("scheme", "origin", "field"),
    [
        ("http", None, CertificateField.HTTP),
        ("https", Origin.ISSUED, CertificateField.ARCULES),
        ("https", Origin.ACCEPTED, CertificateField.ARCULES),
        ("https", Origin.DEVICE, CertificateField.DEVICE),
        ("https", None, None),
        ("", None, None),
    ],
)
def test_the_certificate_field_says_how_the_device_is_connected(
    scheme: str, origin: Origin | None, field: CertificateField | None
) -> None:
    assert certificate_field(scheme, origin) is field


def test_the_three_labels_are_the_users_own_words() -> None:
    assert [field.value for field in CertificateField] == ["HTTP", "HTTPS (Arcules)", "HTTPS (Device)"]


@pytest.mark.parametrize("health", [ONLINE, OFFLINE])
def test_another_leaf_blocks_at_the_first_look(health: Health) -> None:
    device, after = judge_look(PINNED, health, leaf("b" * 64))
    assert after.connection is Connection.BLOCKED
    assert after.problem is not None
    assert (after.problem.kind, after.problem.text) == (AttentionKind.REVIEW_CHANGE, BLOCKED_TEXT)
    assert (device.presented, device.pin) == ("b" * 64, PINNED.pin)


def test_the_pinned_leaf_unblocks() -> None:
    device, health = judge_look(BLOCKED, first_health(BLOCKED), leaf("a" * 64))
    assert (device.presented, health.connection) == (None, Connection.ONLINE)


@pytest.mark.parametrize("answer", [Answer.NOTHING, Answer.TLS_FAILED, Answer.NOT_TLS, Answer.HTTP])
def test_a_block_outlasts_silence(answer: Answer) -> None:
    device, health = judge_look(BLOCKED, first_health(BLOCKED), Looked(answer))
    assert (device, health.connection) == (BLOCKED, Connection.BLOCKED)


def test_one_lost_look_is_forgiven_and_the_second_is_not() -> None:
    _, once = judge_look(PINNED, ONLINE, NOTHING)
    _, twice = judge_look(PINNED, once, NOTHING)
    assert (once.connection, twice.connection) == (Connection.ONLINE, Connection.OFFLINE)
    assert twice.problem is not None
    assert twice.problem.kind is AttentionKind.UNREACHABLE
    _, again = judge_look(PINNED, twice, leaf("a" * 64))
    assert again == ONLINE


@pytest.mark.parametrize("answer", [Answer.HTTP, Answer.NOT_TLS])
def test_https_that_is_gone_is_offline_and_never_http(answer: Answer) -> None:
    device, health = judge_look(PINNED, OFFLINE, Looked(answer, reason="It speaks no TLS any more"))
    assert (device, health.connection) == (PINNED, Connection.OFFLINE)


def test_tls_that_fails_is_told_as_such() -> None:
    _, health = judge_look(PINNED, OFFLINE, Looked(Answer.TLS_FAILED, reason="TLS failed"))
    assert health.problem is not None
    assert health.problem.kind is AttentionKind.TLS_FAILED


def test_a_leaf_is_never_trusted_where_nothing_is_pinned() -> None:
    device, health = judge_look(BARE, OFFLINE, leaf("b" * 64))
    assert (device, health.connection) == (BARE, Connection.OFFLINE)


def test_a_plain_device_is_online_while_http_answers() -> None:
    assert judge_look(PLAIN, OFFLINE, Looked(Answer.HTTP))[1] == ONLINE
    assert judge_look(PLAIN, OFFLINE, NOTHING)[1].connection is Connection.OFFLINE


@pytest.mark.parametrize(
    ("device", "connection"),
    [
        (PINNED, Connection.ONLINE),
        (PLAIN, Connection.ONLINE),
        (BARE, Connection.OFFLINE),
        (BLOCKED, Connection.BLOCKED),
    ],
)
def test_an_onboarding_ends_online_only_where_something_is_pinned_or_plain(
    device: DeviceRecord, connection: Connection
) -> None:
    assert after_install(device).connection is connection
