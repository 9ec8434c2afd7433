import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.decide.certificates import describe
from core.decide.compare import LABELS, differences
from core.model.review import Difference
from tests.decide.asn1 import PRINTABLE, UTF8, integer, name, tlv
from tests.decide.handmade import CN, DNS, HANDMADE, SOUND, Parts, alternatives, extension
from tests.decide.issuing import FACTORY, NEXT_KEY, OURS

UNREADABLE = "Cannot be read"
HIDDEN = " (differs in what is not shown)"


def changed(stored: bytes, presented: bytes) -> dict[str, tuple[str, str]]:
    return {row.label: (row.stored, row.presented) for row in differences(stored, presented) if not row.same}


def test_two_certificates_stand_side_by_side_in_every_field() -> None:
    stored, presented = OURS.encode(), FACTORY.encode()
    ours, own = describe(stored), describe(presented)
    assert differences(stored, presented) == (
        Difference("Subject", "cam-14.gw-042.cam.internal", "axis-b8a44f1c2d3e", False),
        Difference("Issuer", "Arcules Gateway CA gw-042", "axis-b8a44f1c2d3e (itself)", False),
        Difference("Names", "cam.example", "cam.example", True),
        Difference("Serial", "1267", "1267", True),
        Difference("Valid from", "2025-10-20T07:00:00Z", "2025-10-20T07:00:00Z", True),
        Difference("Valid until", "2037-11-06T07:00:00Z", "2037-11-06T07:00:00Z", True),
        Difference("Key", "Ed25519", "Ed25519", True),
        Difference("Key SHA-256", ours.key_fingerprint, own.key_fingerprint, False),
        Difference("Signature", "Ed25519", "Ed25519", True),
        Difference("Extensions", "SubjectAlternativeName: 1 name", "SubjectAlternativeName: 1 name", True),
        Difference("SHA-256", hashlib.sha256(stored).hexdigest(), hashlib.sha256(presented).hexdigest(), False),
        Difference("Size", f"{len(stored)} bytes", f"{len(presented)} bytes", len(stored) == len(presented)),
    )


def test_where_nothing_is_stored_that_side_is_empty_and_nothing_is_the_same() -> None:
    rows = differences(None, SOUND)
    assert [row.label for row in rows] == list(LABELS)
    assert {(row.stored, row.same) for row in rows} == {("", False)}


@pytest.mark.parametrize("kind", HANDMADE)
def test_every_handmade_certificate_equals_itself(kind: str) -> None:
    rows = differences(HANDMADE[kind], HANDMADE[kind])
    assert all(row.same and row.stored == row.presented for row in rows)
    assert [row.label for row in rows][-2:] == ["SHA-256", "Size"]


@pytest.mark.parametrize("kind", [kind for kind, der in HANDMADE.items() if describe(der).key_fingerprint == ""])
def test_of_bytes_that_cannot_be_read_only_the_certain_is_compared(kind: str) -> None:
    der = HANDMADE[kind]
    rows = {row.label: row for row in differences(SOUND, der)}
    assert list(rows) == list(LABELS)
    certain = {label: row.presented for label, row in rows.items() if row.presented != UNREADABLE}
    assert certain == {"SHA-256": hashlib.sha256(der).hexdigest(), "Size": f"{len(der)} bytes"}
    assert not any(row.same for label, row in rows.items() if label != "Size")
    assert [row.label for row in differences(der, b"x")] == ["SHA-256", "Size"]
    assert rows["Subject"] == Difference("Subject", "axis-b8a44f1c2d3e, O=Axis", UNREADABLE, False)


def test_a_certificate_that_a_strict_parser_refuses_is_compared_as_far_as_it_goes() -> None:
    refused = SOUND + b"\n"
    assert changed(SOUND, refused) == {
        "Issuer": ("axis-b8a44f1c2d3e, O=Axis (itself)", "axis-b8a44f1c2d3e, O=Axis"),
        "Signature": ("SHA-256 with RSA", UNREADABLE),
        "SHA-256": (hashlib.sha256(SOUND).hexdigest(), hashlib.sha256(refused).hexdigest()),
        "Size": (f"{len(SOUND)} bytes", f"{len(SOUND) + 1} bytes"),
    }


@pytest.mark.parametrize(
    ("stored", "presented", "label"),
    [
        (Parts(subject=name((CN, UTF8, b"x" * 300))), Parts(subject=name((CN, UTF8, b"x" * 301))), "Subject"),
        (Parts(subject=name((CN, UTF8, b"cam"))), Parts(subject=name((CN, PRINTABLE, b"cam"))), "Subject"),
        (Parts(issuer=name((CN, UTF8, b"a  b"))), Parts(issuer=name((CN, UTF8, b"a b"))), "Issuer"),
        (Parts(serial=tlv(2, b"\x11" * 200)), Parts(serial=tlv(2, b"\x11" * 199 + b"\x12")), "Serial"),
        (
            Parts(extensions=(alternatives(*[DNS] * 40),)),
            Parts(extensions=(alternatives(*[DNS] * 39, tlv(0x82, b"bad.example")),)),
            "Names",
        ),
        (
            Parts(extensions=(extension("1.2.3", b"\0"),)),
            Parts(extensions=(extension("1.2.3", b"\1"),)),
            "Extensions",
        ),
    ],
)
def test_what_differs_where_nothing_is_shown_of_it_is_marked_in_words(
    stored: Parts, presented: Parts, label: str
) -> None:
    old, new = changed(stored.encode(), presented.encode())[label]
    assert new == old + HIDDEN


def test_an_issuer_of_the_same_name_is_not_the_same_where_only_one_signed_itself() -> None:
    # Both have the same key, so a signature by another one can only be told by who made it.
    own, forged = FACTORY.encode(), FACTORY.but(signer=NEXT_KEY)
    assert changed(own, forged)["Issuer"] == ("axis-b8a44f1c2d3e (itself)", "axis-b8a44f1c2d3e")


def test_what_a_certificate_does_not_have_is_said() -> None:
    bare = Parts(subject=name(), issuer=name(), extensions=(), serial=integer(0)).encode()
    rows = {row.label: row.presented for row in differences(None, bare)}
    assert [rows[label] for label in ("Subject", "Names", "Extensions", "Serial")] == ["None", "None", "None", "0"]


def test_names_that_cannot_be_read_are_not_taken_for_none() -> None:
    none, broken = Parts(extensions=()).encode(), Parts(extensions=(tlv(5),)).encode()
    garbage = HANDMADE["alternative names that are garbage"]
    assert changed(none, broken)["Names"] == ("None", "None that can be shown")
    assert changed(none, garbage)["Names"] == ("None", "None that can be shown")


@given(st.sampled_from(list(HANDMADE.values())) | st.binary(max_size=99), st.sampled_from(list(HANDMADE.values())))
def test_any_two_can_be_compared(stored: bytes, presented: bytes) -> None:
    rows = differences(stored, presented)
    assert [label for label in LABELS if label in {row.label for row in rows}] == [row.label for row in rows]
    assert {row.label: row.same for row in rows}["SHA-256"] is (stored == presented)
    for row in rows:
        assert row.stored.isprintable()
        assert row.presented.isprintable()
        assert row.same <= (row.stored == row.presented)
        assert row.stored != row.presented or row.same or row.stored == UNREADABLE
