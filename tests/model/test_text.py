import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model.text import clean

# What shows nothing although it is a letter, mark or symbol (Unicode, Default_Ignorable_Code_Point, and blanks).
INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\ufe00\ufe0f\uffa0\U0001d159\U000e0100\U000e01ef"
)
HOSTILE = st.text(st.sampled_from("aé \t\n\u00a0\u3000\u0301\u20dd\u200b\u202e\x1b\0\x9b[⟨⟩…\ud800" + INVISIBLE))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Front door", "Front door"),
        ("Tür 3 - Süd/北門 №5", "Tür 3 - Süd/北門 №5"),
        ("", ""),
        ("  \t Front \r\n\n  door\u00a0\u3000 ", "Front door"),
        ("\x1b]52;c;QQ==\x07", "⟨001B⟩]52;c;QQ==⟨0007⟩"),
        ("\x9b6n\x7f", "⟨009B⟩6n⟨007F⟩"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u00adf", "a⟨202E⟩b⟨2066⟩c⟨200B⟩d⟨FEFF⟩e⟨00AD⟩f"),
        ("a\u2028b\u2029c", "a⟨2028⟩b⟨2029⟩c"),
        ("\ud800\ue000\U000f0000\uffff", "⟨D800⟩⟨E000⟩⟨F0000⟩⟨FFFF⟩"),
        ("Za\u0301\u0302\u0303\u0304", "Za\u0301\u0302⟨0303⟩⟨0304⟩"),
        ("\u0301a", "⟨0301⟩a"),
        ("a \u0301b", "a ⟨0301⟩b"),
        ("[b]bold[/b] [@click=app.quit]x[/]", "[b]bold[/b] [@click=app.quit]x[/]"),
    ],
)
def test_text_is_shown_and_the_rest_by_its_code_point(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize("character", INVISIBLE)
def test_what_shows_nothing_is_shown_by_its_code_point(character: str) -> None:
    assert clean(f"a{character}b") == f"a⟨{ord(character):04X}⟩b"


def test_every_code_point_comes_out_printable_and_none_silently_vanishes() -> None:
    spaces = set()
    for code in range(sys.maxunicode + 1):
        cleaned = clean(f"a{chr(code)}b")
        assert cleaned.isprintable() and cleaned[0] == "a" and cleaned[-1] == "b" and len(cleaned) > 2, hex(code)
        if cleaned == "a b":
            spaces.add(chr(code))
    assert spaces == {chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) == "Zs"} | set("\t\r\n")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 63 + "…"),
        ("x" * 62 + " yz", "x" * 62 + "…"),
        ("x" * 60 + "\0", "x" * 60 + "…"),
        ("x" * 10_000_000, "x" * 63 + "…"),
        (" " * 10_000_000 + "x", "…"),
        ("\0" * 20, "⟨0000⟩" * 10 + "…"),
    ],
)
def test_length_is_bounded_and_a_cut_is_marked(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(HOSTILE | st.text(), st.integers(1, 80))
def test_whatever_comes_in_is_printable_bounded_folded_and_stays_as_it_is(text: str, limit: int) -> None:
    cleaned = clean(text, limit)
    assert cleaned.isprintable()
    assert len(cleaned) <= limit
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert clean(cleaned, limit) == cleaned


@given(HOSTILE)
def test_no_mark_reaches_what_stands_before_the_text(text: str) -> None:
    cleaned = clean(text)
    assert not cleaned or unicodedata.category(cleaned[0])[0] != "M"
