"""What a preflight comes to, from what was learnt."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from core.decide.keystore import Call, Change
from core.decide.plain_http import kept_back
from core.decide.preflight import Learnt, report
from core.decide.steps import Step
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    FaultError,
    LoginNeededError,
    LoginRefusedError,
    NotReachedError,
    TlsFailedError,
    UnexpectedLeafError,
)
from core.model.keystore import (
    CertificationPath,
    Information,
    Inventory,
    Key,
    KeyState,
    KeystoreCapabilities,
    StoredCertificate,
    Way,
)
from core.model.preflight import Finding, PreflightReport, Readiness, Slots, Topic

LEAF = "3f9a12c0" + "0" * 52 + "77be"
KEYSTORE = KeystoreCapabilities(
    makes_rsa=True, rsa_lengths=(2048, 3072), csr=True, tls_server=True, most_keys=4, most_certificates=4, most_paths=2
)
INVENTORY = Inventory(
    keys=(Key("k1", "factory", KeyState.OK), Key("k2", "camtrust/gw/1", KeyState.OK)),
    certificates=(StoredCertificate("c1", "k1", "factory", b"1"), StoredCertificate("c2", "k2", "camtrust/gw/1", b"2")),
    paths=(CertificationPath("p1", "factory", ("c1",)),),
    assigned=("p1",),
)
LEFT = (Call(Change.DELETE_CERTIFICATE, "c2"), Call(Change.DELETE_KEY, "k2"))
WHOLE = Learnt(
    address="192.168.20.14",
    name="Loading dock",
    device="3f9a12c0",
    pinned=LEAF,
    scheme="https",
    port=443,
    place="HTTPS on 443 (mDNS)",
    leaf=LEAF,
    tls="TLS 1.3",
    clock_asked=True,
    clock=datetime(2026, 11, 24, 7, tzinfo=UTC),
    clock_offset=3.0,
    way_asked=True,
    capabilities=KEYSTORE,
    user="admin",
    login="Digest",
    information=Information("Meridian", "MX-2240-V"),
    inventory=INVENTORY,
)
BEFORE_LOGIN: dict[str, Any] = {"login": "", "inventory": None}
BEFORE_WAY = BEFORE_LOGIN | {"way_asked": False, "capabilities": None}
BY_DEVICE = KeystoreCapabilities(way=Way.DEVICE, makes_rsa=True, csr=True, tls_server=True)
REFUSED = LoginRefusedError("The device refused the login. It says: 3 attempts left", "Check user and password.", 3)


def told(**changes: Any) -> PreflightReport:
    return report(replace(WHOLE, **changes))


def finding(told: PreflightReport, topic: Topic) -> Finding:
    [found] = [one for one in told.findings if one.topic is topic]
    return found


def test_a_camera_without_a_flaw_is_ready_and_each_topic_is_told_once_in_order() -> None:
    whole = told()
    assert (whole.readiness, whole.reason, whole.hint) == (Readiness.READY, "", "")
    assert [one.topic for one in whole.findings] == list(Topic)
    assert [one.text for one in whole.findings] == [
        "HTTPS on 443 (mDNS)",
        "3f9a 12c0 … 77be, the stored one",
        "TLS 1.3",
        "by its security service",
        "RSA 3072",
        "right",
        "accepted as admin (Digest)",
        "2 of 4 keys · 2 of 4 certificates · 1 of 2 certification paths",
        "usually about 30 s, and longer where it is slow to make its key",
        "its web server restarts: its web page, and video over HTTPS, stop meanwhile",
    ]


@pytest.mark.parametrize(
    ("changes", "readiness", "topic", "text"),
    [
        ({"pinned": "", "device": None}, Readiness.READY, Topic.CERTIFICATE, "nobody vouches for it yet"),
        ({"pinned": "ab", "blocked": True}, Readiness.CANNOT, Topic.CERTIFICATE, "not the stored one"),
        ({"blocked": True}, Readiness.CANNOT, Topic.CERTIFICATE, "the stored one, but it is blocked"),
        ({"tls": "TLS 1.0, weak", "weak": True}, Readiness.NOTES, Topic.TLS, "TLS 1.0, weak"),
        ({"capabilities": None}, Readiness.CANNOT, Topic.WAY, "cannot make a key"),
        ({"capabilities": BY_DEVICE}, Readiness.READY, Topic.WAY, "by its device service"),
        ({"capabilities": BY_DEVICE}, Readiness.READY, Topic.ROOM, "2 certificates (limit not told)"),
        (
            {"capabilities": KeystoreCapabilities(makes_rsa=True, rsa_lengths=(1024,), csr=True, tls_server=True)},
            Readiness.NOTES,
            Topic.KEY,
            "RSA 1024, weak",
        ),
        (
            {"capabilities": KeystoreCapabilities(makes_ec=True, curves=("strange",), csr=True, tls_server=True)},
            Readiness.CANNOT,
            Topic.KEY,
            "no kind of key that is known",
        ),
        ({"clock": None, "clock_offset": None}, Readiness.READY, Topic.CLOCK, "does not tell the time"),
        ({"clock_offset": 59.0}, Readiness.READY, Topic.CLOCK, "right"),
        ({"clock_offset": 61.0}, Readiness.NOTES, Topic.CLOCK, "1 minute fast: it says 2026-11-24 07:00 UTC"),
        ({"clock_offset": -36_000.0}, Readiness.NOTES, Topic.CLOCK, "10 hours slow"),
        ({"clock_offset": -86_400.0 * 20_700}, Readiness.NOTES, Topic.CLOCK, "56 years slow"),
        ({"login": "none"}, Readiness.NOTES, Topic.LOGIN, "the camera asks for none"),
        ({"times": {}}, Readiness.READY, Topic.TIME, "a second or two, as the last Meridian MX-2240-V"),
        (
            {"times": {Step.KEY: 21.0, Step.VERIFY: 24.0}},
            Readiness.READY,
            Topic.TIME,
            "about 45 s, as the last Meridian MX-2240-V",
        ),
        ({"trouble": REFUSED, **BEFORE_LOGIN}, Readiness.CANNOT, Topic.LOGIN, "3 attempts left"),
        ({"trouble": REFUSED, **BEFORE_WAY}, Readiness.CANNOT, Topic.WAY, "not known: the login was refused"),
        ({"trouble": LoginNeededError("It asks"), **BEFORE_LOGIN}, Readiness.UNKNOWN, Topic.LOGIN, "It asks"),
        ({"withheld": REFUSED, **BEFORE_LOGIN}, Readiness.CANNOT, Topic.ROOM, "not known: it would need a login"),
        ({"trouble": AnswerLostError("Lost"), **BEFORE_WAY}, Readiness.UNKNOWN, Topic.WAY, "Lost"),
        ({"trouble": AnswerLostError("Lost"), **BEFORE_LOGIN}, Readiness.UNKNOWN, Topic.LOGIN, "Lost"),
        ({"trouble": FaultError("Busy"), "inventory": None}, Readiness.CANNOT, Topic.ROOM, "Busy"),
        (
            {"trouble": AnswerLostError("Lost"), "clock_asked": False, **BEFORE_WAY},
            Readiness.UNKNOWN,
            Topic.CLOCK,
            "Lost",
        ),
    ],
)
def test_what_was_learnt_decides(changes: dict[str, Any], readiness: Readiness, topic: Topic, text: str) -> None:
    whole = told(**changes)
    assert whole.readiness is readiness
    assert text in finding(whole, topic).text


def test_the_clock_that_is_beyond_the_certificate_is_to_be_set_first() -> None:
    assert "already" in finding(told(clock_offset=86_400.0 * 3660), Topic.CLOCK).hint
    assert "made to fit" in finding(told(clock_offset=86_400.0 * 3600), Topic.CLOCK).hint


@pytest.mark.parametrize("error", [NotReachedError("Nobody", "Look."), TlsFailedError("Broken", "Look.")])
def test_where_nothing_usable_answers_only_that_is_told(error: DeviceError) -> None:
    whole = report(Learnt("192.168.20.14", "Loading dock", trouble=error))
    assert (whole.readiness, whole.reason, whole.hint) == (Readiness.CANNOT, error.title, "Look.")
    assert [one.topic for one in whole.findings] == [Topic.HTTPS]


@pytest.mark.parametrize("changes", [{"blocked": True}, {"trouble": UnexpectedLeafError("Several")}])
def test_nothing_is_told_of_a_device_that_nothing_was_sent_to(changes: dict[str, Any]) -> None:
    assert [one.topic for one in told(**changes).findings] == [Topic.HTTPS, Topic.CERTIFICATE, Topic.TLS]


def test_over_plain_http_what_needs_a_login_is_not_known_and_nothing_is_promised() -> None:
    over_http = {"scheme": "http", "port": 80, "place": "HTTP on 80", "leaf": "", "tls": "", "pinned": ""}
    whole = told(withheld=kept_back("ask"), **over_http, **BEFORE_LOGIN)
    assert (whole.readiness, whole.reason) == (Readiness.CANNOT, "HTTP on 80")
    assert finding(whole, Topic.ROOM).text == "not known: it would need a login over plain HTTP"
    assert finding(whole, Topic.WAY).text == "by its security service"
    assert not {Topic.CERTIFICATE, Topic.TLS, Topic.TIME, Topic.INTERRUPTION} & {one.topic for one in whole.findings}
    assert whole.seconds is None
    assert "--enable-https" in told(is_off=True, **over_http).hint


def test_what_earlier_installs_left_counts_as_room() -> None:
    full = replace(WHOLE, capabilities=msgspec.structs.replace(KEYSTORE, most_keys=2))
    assert report(full).readiness is Readiness.CANNOT
    assert "Delete certificates" in report(full).hint
    freed = report(replace(full, left=LEFT))
    assert freed.readiness is Readiness.READY
    assert freed.slots == (Slots("keys", 2, 2, 1), Slots("certificates", 2, 4, 1), Slots("certification paths", 1, 2))
    assert finding(freed, Topic.ROOM).hint == "Cleared away before: 1 key and 1 certificate that earlier installs left."


def test_a_device_that_nobody_named_is_called_by_its_model() -> None:
    assert told(name="192.168.20.14").name == "Meridian MX-2240-V"
    assert told(name="192.168.20.14", information=Information()).name == "192.168.20.14"


def test_of_a_refused_login_it_is_told_how_many_attempts_are_left() -> None:
    assert told(trouble=REFUSED, **BEFORE_LOGIN).attempts_left == 3
    assert told().attempts_left is None
