import hashlib
import re

import pytest

from core.simulator.digest import Digest, Outcome
from core.simulator.settings import Way

USER, PASSWORD, REALM = "admin", 'pass"w\\ord', "A camera"
METHOD, TARGET = "POST", "/onvif/device_service"
BOTH = (Way.DIGEST_SHA256, Way.DIGEST_MD5)


def digest(*ways: Way) -> Digest:
    return Digest(USER, PASSWORD, REALM, ways or BOTH)


def field(challenge: str, name: str) -> str:
    found = re.search(rf'{name}="?([^",]+)', challenge)
    assert found is not None
    return found[1]


def answer(challenge: str, count: int = 1, user: str = USER, password: str = PASSWORD, **changed: str | None) -> str:
    """The Authorization header for a challenge (RFC 7616, 3.4); `changed` replaces or, with None, drops parameters."""
    algorithm, nonce = field(challenge, "algorithm"), field(challenge, "nonce")
    made = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

    def hashed(text: str) -> str:
        return made(text.encode()).hexdigest()

    secret, request = hashed(f"{user}:{REALM}:{password}"), hashed(f"{METHOD}:{TARGET}")
    given: dict[str, str | None] = {
        "username": f'"{user}"',
        "realm": f'"{REALM}"',
        "nonce": f'"{nonce}"',
        "uri": f'"{TARGET}"',
        "algorithm": algorithm,
        "qop": "auth",
        "nc": f"{count:08x}",
        "cnonce": '"0a4f113b"',
        "response": f'"{hashed(f"{secret}:{nonce}:{count:08x}:0a4f113b:auth:{request}")}"',
    }
    parameters = given | changed
    return "Digest " + ", ".join(f"{name}={value}" for name, value in parameters.items() if value is not None)


@pytest.mark.parametrize(("way", "name"), [(Way.DIGEST_SHA256, "SHA-256"), (Way.DIGEST_MD5, "MD5")])
def test_the_right_password_opens_with_each_algorithm(way: Way, name: str) -> None:
    door = digest(way)
    [challenge] = door.challenges(0.0)
    assert field(challenge, "algorithm") == name
    assert door.check(answer(challenge), METHOD, TARGET, 1.0) is Outcome.GOOD


def test_each_algorithm_has_a_challenge_of_its_own_in_the_preferred_order() -> None:
    challenges = digest().challenges(0.0)
    assert [field(challenge, "algorithm") for challenge in challenges] == ["SHA-256", "MD5"]
    assert len({field(challenge, "nonce") for challenge in challenges}) == 2


def test_an_algorithm_that_is_not_offered_is_wrong() -> None:
    [challenge] = digest(Way.DIGEST_MD5).challenges(0.0)
    assert digest(Way.DIGEST_SHA256).check(answer(challenge), METHOD, TARGET, 0.0) is Outcome.WRONG


def test_a_count_is_good_once_and_after_that_stale() -> None:
    door = digest()
    challenge = door.challenges(0.0)[0]
    assert door.check(answer(challenge, 2), METHOD, TARGET, 0.0) is Outcome.GOOD
    assert door.check(answer(challenge, 1), METHOD, TARGET, 0.0) is Outcome.GOOD
    assert door.check(answer(challenge, 2), METHOD, TARGET, 0.0) is Outcome.STALE


def test_an_old_nonce_and_one_of_somebody_else_are_stale() -> None:
    door = digest()
    challenge = door.challenges(0.0)[0]
    assert door.check(answer(challenge), METHOD, TARGET, 299.0) is Outcome.GOOD
    assert door.check(answer(challenge, 2), METHOD, TARGET, 300.0) is Outcome.STALE
    assert door.check(answer(digest().challenges(0.0)[0]), METHOD, TARGET, 0.0) is Outcome.STALE


def test_a_stale_challenge_says_so() -> None:
    assert "stale=true" in digest().challenges(0.0, stale=True)[0]
    assert "stale" not in digest().challenges(0.0)[0]


def test_nonces_are_forgotten_oldest_first() -> None:
    door = digest(Way.DIGEST_MD5)
    [first] = door.challenges(0.0)
    last = [door.challenges(0.0)[0] for _ in range(300)][-1]
    assert door.check(answer(first), METHOD, TARGET, 0.0) is Outcome.STALE
    assert door.check(answer(last), METHOD, TARGET, 0.0) is Outcome.GOOD


@pytest.mark.parametrize(
    "changed",
    [
        {"uri": '"/onvif/other"'},
        {"qop": None},
        {"qop": "auth-int"},
        {"nc": None},
        {"nc": "1"},
        {"nc": "0000000g"},
        {"cnonce": None},
        {"nonce": None},
        {"uri": None},
        {"realm": '"other"'},
        {"algorithm": "SHA-512-256"},
        {"response": '""'},
        {"response": None},
        {"username": None},
    ],
    ids=str,
)
def test_what_does_not_fit_is_wrong(changed: dict[str, str | None]) -> None:
    door = digest()
    header = answer(door.challenges(0.0)[0], 1, USER, PASSWORD, **changed)
    assert door.check(header, METHOD, TARGET, 0.0) is Outcome.WRONG


def test_another_user_and_another_password_are_wrong() -> None:
    door = digest()
    challenge = door.challenges(0.0)[0]
    assert door.check(answer(challenge, user="root"), METHOD, TARGET, 0.0) is Outcome.WRONG
    assert door.check(answer(challenge, password="other"), METHOD, TARGET, 0.0) is Outcome.WRONG
    assert door.check(answer(challenge), "GET", TARGET, 0.0) is Outcome.WRONG


@pytest.mark.parametrize("header", ["Basic YWRtaW46cGFzcw==", "Bearer x", "Digest", "Digest x", 'Digest a="1", a="2"'])
def test_other_headers_are_wrong(header: str) -> None:
    assert digest().check(header, METHOD, TARGET, 0.0) is Outcome.WRONG


def test_no_header_is_no_login() -> None:
    assert digest().check("", METHOD, TARGET, 0.0) is Outcome.ABSENT
