"""Two certificates as lines: what the eye compares, and that nothing rests on colour or width."""

from datetime import UTC, datetime

import msgspec
import pytest

from core.model.review import ChangeKind, Difference, Explanation, Review
from tests.tui.engine import OTHER_PRINT, PRINT, blocked, differences, presented, review_of, stored
from tui.comparison import comparison_lines, in_order
from tui.paragraphs import Line, length
from tui.words import Tone

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
REVIEW = review_of(blocked(14, "Dock"))


def text(lines: list[Line]) -> list[str]:
    return ["".join(part for part, _ in line).rstrip() for line in lines]


def at(review: Review, width: int) -> list[str]:
    return text(comparison_lines(review, NOW, width))


def test_at_80_cells_both_stand_side_by_side_with_a_sign_at_what_differs() -> None:
    assert at(REVIEW, 80)[:12] == [
        " Probably: Back to the certificate from before ours was installed",
        "   A factory reset does this. Find out who reset the device.",
        " 8 differ       stored 2026-11-22 by tech1      presented since 07:03",
        " != SHA-256     3f9a 12c0 88d1 4c70             b1d0 4e99 60aa 1f03",
        "                9e22 51b7 0d4f 77be             7c61 d2e8 35b9 02ac",
        "                6f1a 09d3 c2b7 4e58             90be 7712 aa34 cd56",
        "                a190 6d33 f0aa 77be             ef78 9012 3456 abcd",
        " != Issuer      Arcules Gateway CA gw-042       axis-b8a44f1c2d3e (itself)",
        " != Subject     cam-14.gw-042.cam.internal      axis-b8a44f1c2d3e",
        " != Valid from  2026-11-22 00:00:00             2024-03-01 00:00:00",
        " != Valid until 2036-11-20 00:00:00             2044-02-25 00:00:00",
        " != Key         RSA 3072                        RSA 2048",
    ]
    assert "  = Signature   SHA-256 with RSA                SHA-256 with RSA" in at(REVIEW, 80)


def test_since_when_is_told_of_the_certificate_and_not_of_the_block() -> None:
    assert REVIEW.device.since != REVIEW.since
    assert "presented now" in at(msgspec.structs.replace(REVIEW, since=""), 80)[2]


def test_below_80_cells_one_stands_below_the_other_and_what_is_the_same_stands_once() -> None:
    lines = at(REVIEW, 79)
    assert lines[2:5] == [
        " 8 fields differ: stored 2026-11-22 by tech1, presented since 07:03",
        " != SHA-256     stored    3f9a 12c0 88d1 4c70 9e22 51b7 0d4f 77be",
        "                          6f1a 09d3 c2b7 4e58 a190 6d33 f0aa 77be",
    ]
    assert lines[7:9] == [
        " != Issuer      stored    Arcules Gateway CA gw-042",
        "                presented axis-b8a44f1c2d3e (itself)",
    ]
    assert "  = Signature   both      SHA-256 with RSA" in lines


def test_on_a_narrow_screen_a_fingerprint_stands_below_its_label() -> None:
    lines = at(REVIEW, 60)
    begin = lines.index(" != SHA-256")
    assert lines[begin + 1 : begin + 6] == [
        "    stored      3f9a 12c0 88d1 4c70 9e22 51b7 0d4f 77be",
        "                6f1a 09d3 c2b7 4e58 a190 6d33 f0aa 77be",
        "    presented   b1d0 4e99 60aa 1f03 7c61 d2e8 35b9 02ac",
        "                90be 7712 aa34 cd56 ef78 9012 3456 abcd",
        " != Issuer      stored    Arcules Gateway CA gw-042",
    ]


@pytest.mark.parametrize("width", [50, 60, 79, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_screen_and_no_digit_of_a_fingerprint_is_lost(width: int) -> None:
    long = presented(subject="axis " * 40, names=tuple(f"name-{number}.example" for number in range(20)))
    view = msgspec.structs.replace(REVIEW, presented=long, differences=differences(stored(), long))
    lines = comparison_lines(view, NOW, width)
    assert max(map(length, lines)) <= width
    words = " ".join(text(lines)).split()
    for fingerprint in (PRINT, OTHER_PRINT):
        assert all(fingerprint[start : start + 4] in words for start in range(0, 64, 4))


def test_what_differs_is_marked_by_sign_and_by_tone() -> None:
    lines = comparison_lines(REVIEW, NOW, 80)
    differing = [line for line in lines if ("!=", Tone.ALARM) in line]
    same = [line for line in lines if ("  = ", Tone.QUIET) in line]
    assert (len(differing), len(same)) == (8, 4)


def test_times_are_told_to_the_second_because_they_may_differ_by_one() -> None:
    fields = (Difference("Valid from", "2026-11-22T00:00:00Z", "2026-11-22T00:00:01Z", same=False),)
    lines = at(msgspec.structs.replace(REVIEW, differences=fields), 80)
    assert " != Valid from  2026-11-22 00:00:00             2026-11-22 00:00:01" in lines


def test_a_time_that_no_calendar_knows_is_shown_as_it_is() -> None:
    fields = (Difference("Valid until", "2036-11-20T00:00:00Z", "Cannot be read", same=False),)
    lines = at(msgspec.structs.replace(REVIEW, differences=fields), 80)
    assert " != Valid until 2036-11-20 00:00:00             Cannot be read" in lines


def test_a_certificate_that_cannot_be_read_still_has_fingerprint_and_size() -> None:
    broken = presented(readable=False, subject="", issuer="", key="", warnings=("Cannot be read",))
    fields = (
        Difference("SHA-256", PRINT, OTHER_PRINT, same=False),
        Difference("Size", "1100 bytes", "7 bytes", same=False),
    )
    lines = at(msgspec.structs.replace(REVIEW, presented=broken, differences=fields), 80)
    assert " != Size        1100 bytes                      7 bytes" in lines
    assert "                a190 6d33 f0aa 77be             ef78 9012 3456 abcd" in lines
    assert " Presented: 1100 bytes that cannot be read as a certificate; the fingerprint is" in lines


def test_reasons_stand_first_worst_first_and_an_unknown_one_is_no_probability() -> None:
    shared = Explanation(ChangeKind.SHARED, "Another device has the same key", "Replace it.")
    unknown = Explanation(ChangeKind.UNKNOWN, "Nothing that is known explains it", "Another machine may be answering.")
    both = msgspec.structs.replace(REVIEW, explanations=(shared, *REVIEW.explanations))
    assert [line for line in at(both, 80)[:4] if not line.startswith("   ")] == [
        " Probably: Another device has the same key",
        " Also fits: Back to the certificate from before ours was installed",
    ]
    assert at(msgspec.structs.replace(REVIEW, explanations=(unknown,)), 80)[:2] == [
        " Nothing that is known explains it",
        "   Another machine may be answering.",
    ]


def test_a_field_that_is_not_known_here_comes_last() -> None:
    fields = [Difference(label, "a", "b", same=False) for label in ("New", "SHA-256", "Subject")]
    assert [field.label for field in in_order(fields)] == ["SHA-256", "Subject", "New"]


def test_why_the_stored_one_was_accepted_is_told() -> None:
    lines = at(msgspec.structs.replace(REVIEW, reason="our own certificate"), 80)
    assert lines[-1] == " Why the stored one was accepted: our own certificate"
