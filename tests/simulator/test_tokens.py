import base64
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from core.simulator.digest import Outcome
from core.simulator.soap import ENV
from core.simulator.tokens import Tokens
from tests.simulator.asking import token

NOW = datetime(1970, 1, 1, 0, 10, tzinfo=UTC)
USER, PASSWORD = "admin", "geheim"


def tokens(needs_z: bool = False) -> Tokens:
    return Tokens(USER, PASSWORD, 300.0, needs_z)


def header(text: str) -> etree._Element:
    return etree.fromstring(f'<x xmlns:s="{ENV}">{text}</x>')[0]


def check(door: Tokens, text: str, now: datetime = NOW) -> Outcome:
    return door.check(header(text), now)


def test_the_right_password_opens() -> None:
    assert check(tokens(), token(USER, PASSWORD, NOW)) is Outcome.GOOD


@pytest.mark.parametrize("seconds", [-300, 300])
def test_the_time_is_measured_by_the_camera_s_clock(seconds: int) -> None:
    edge = timedelta(seconds=seconds)
    assert check(tokens(), token(USER, PASSWORD, NOW + edge)) is Outcome.GOOD
    beyond = edge + timedelta(seconds=1 if seconds > 0 else -1)
    assert check(tokens(), token(USER, PASSWORD, NOW + beyond)) is Outcome.STALE


def test_a_nonce_is_good_once_as_long_as_its_time_could_be() -> None:
    door, text = tokens(), token(USER, PASSWORD, NOW + timedelta(seconds=300))
    assert check(door, text) is Outcome.GOOD
    assert check(door, text) is Outcome.STALE
    assert check(door, text, NOW + timedelta(seconds=599)) is Outcome.STALE


def test_nonces_that_are_too_many_to_remember_push_out_the_oldest() -> None:
    door = tokens()
    for _ in range(3000):
        assert check(door, token(USER, PASSWORD, NOW)) is Outcome.GOOD
    assert len(door._used) <= 1024


@pytest.mark.parametrize(
    "text",
    [
        token("root", PASSWORD, NOW),
        token(USER, "other", NOW),
        token(USER, PASSWORD, NOW, kind="Text"),
        token(USER, PASSWORD, NOW).replace("</wsse:Nonce>", "!</wsse:Nonce>"),
        token(USER, PASSWORD, NOW).replace("</wsse:Nonce>", "é</wsse:Nonce>"),
        token(USER, PASSWORD, NOW).replace("wsse:Nonce", "wsse:Other"),
        token(USER, PASSWORD, NOW).replace("wsse:Password", "wsse:Other"),
    ],
    ids=["user", "password", "clear text", "nonce", "strange nonce", "no nonce", "no password"],
)
def test_what_does_not_fit_is_wrong(text: str) -> None:
    assert check(tokens(), text) is Outcome.WRONG


@pytest.mark.parametrize("created", ["yesterday", "1970-13-01T00:00:00Z", "1970-01-01T00:10:00", ""])
def test_a_time_that_is_none_is_stale(created: str) -> None:
    assert check(tokens(), token(USER, PASSWORD, created)) is Outcome.STALE


def test_a_time_with_an_offset_is_the_same_time_unless_the_camera_takes_only_z() -> None:
    created = "1970-01-01T02:10:00.123+02:00"
    assert check(tokens(), token(USER, PASSWORD, created)) is Outcome.GOOD
    assert check(tokens(needs_z=True), token(USER, PASSWORD, created)) is Outcome.STALE
    assert check(tokens(needs_z=True), token(USER, PASSWORD, NOW)) is Outcome.GOOD


def test_no_token_is_no_login() -> None:
    assert tokens().check(None, NOW) is Outcome.ABSENT
    assert check(tokens(), '<a:Security xmlns:a="urn:a"/>') is Outcome.ABSENT


def test_the_same_nonce_in_another_spelling_is_the_same() -> None:
    door, nonce = tokens(), b"\x01" * 16
    text = token(USER, PASSWORD, NOW, nonce)
    assert check(door, text) is Outcome.GOOD
    spelled = base64.b64encode(nonce).decode()
    assert check(door, text.replace(spelled, f" {spelled}\n")) is Outcome.STALE
