"""HTTP Digest by the examples of its specification, and challenges that no specification knows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.records import Login
from core.model.secret import Secret
from core.onvif.digest import Digest, best, read_challenges
from tests.onvif.scripted import LOGIN

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CLIENT_NONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
OFFERS = [
    f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="{NONCE}", opaque="FQ"'
    for algorithm in ("SHA-256", "MD5")
]
MUFASA = Login("Mufasa", Secret("Circle of Life"))


@pytest.mark.parametrize(
    ("offer", "response"),
    [
        (OFFERS[0], "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        (OFFERS[1], "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_the_examples_of_rfc_7616(offer: str, response: str) -> None:
    [challenge] = read_challenges([offer])
    header = Digest(challenge, MUFASA).header("GET", "/dir/index.html", CLIENT_NONCE).decode()
    assert f'response="{response}"' in header
    assert 'qop=auth, nc=00000001, cnonce="f2/' in header
    assert f"algorithm={challenge.parameters['algorithm']}" in header
    assert 'opaque="FQ"' in header


def test_the_strongest_offer_wins_in_any_order() -> None:
    for headers in (OFFERS, OFFERS[::-1], [", ".join(OFFERS)], [", ".join(OFFERS[::-1])]):
        challenge = best(read_challenges(headers))
        assert challenge is not None
        assert challenge.algorithm == "SHA-256"


def test_a_header_shows_neither_the_password_nor_its_hash_alone() -> None:
    [challenge] = read_challenges(['Digest realm="r", nonce="n"'])
    digest = Digest(challenge, LOGIN)
    assert LOGIN.password.reveal() not in digest.header("POST", "/").decode("latin-1")
    assert LOGIN.password.reveal() not in repr(vars(digest))


@pytest.mark.parametrize(
    ("header", "schemes"),
    [
        ("", []),
        (",,, =", []),
        ("Negotiate", ["negotiate"]),
        ("NTLM abc==", ["ntlm"]),
        ('Basic realm="a, b", Digest nonce="x"', ["basic", "digest"]),
        ('realm="x", Digest nonce="y"', ["digest"]),
    ],
)
def test_several_challenges_in_one_header(header: str, schemes: list[str]) -> None:
    assert [challenge.scheme for challenge in read_challenges([header])] == schemes


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=300))
def test_any_challenge_is_answered_or_unusable(header: str) -> None:
    for text in (header, f"Digest {header}", f'Digest nonce="n", {header}'):
        challenge = best(read_challenges([text]))
        if challenge is not None:
            sent = Digest(challenge, LOGIN).header("POST", "/onvif/device_service")
            assert sent.startswith(b"Digest username=")
            assert b"\n" not in sent
            assert b"\r" not in sent


def test_a_long_header_is_read_quickly() -> None:
    for header in ('Digest realm="' + "\\" * 60_000, "Digest " + "a" * 60_000, "Digest " + 'a="' * 20_000):
        started = time.process_time()
        best(read_challenges([header]))
        assert time.process_time() - started < 0.5
