"""Lines fit where they are put, whatever characters they hold."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.engine import added, blocked, found, over_http
from tests.tui.test_words import NOW
from tui.columns import MARKS, STATE, columns, heading, row
from tui.look import output_encoding, shown, use_encoding
from tui.paragraphs import cut, field, fit, length, longest, paragraph, plain, two_ends, wrapped
from tui.widgets.lines import strip_of

TEXTS = st.text(st.characters(exclude_categories=["C", "M"]), max_size=60)


@pytest.fixture
def ascii_terminal() -> Iterator[None]:
    use_encoding("ascii")
    yield
    use_encoding("utf-8")


@given(TEXTS, st.integers(0, 60))
def test_a_fitted_text_takes_exactly_its_width(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width


@given(TEXTS, st.integers(2, 40))
def test_a_wrapped_text_loses_nothing_and_is_nowhere_too_wide(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(cell_len(line) <= width for line in lines)


@given(TEXTS, TEXTS, st.integers(0, 100))
def test_two_ends_fill_the_line(left: str, right: str, width: int) -> None:
    assert length(two_ends(plain(left), plain(right), width)) == width


@given(TEXTS, TEXTS, st.integers(0, 80))
def test_a_strip_is_as_wide_as_the_widget(left: str, right: str, width: int) -> None:
    assert strip_of((*plain(left), *plain(right)), width).cell_length == width
    assert length(cut((*plain(left), *plain(right)), width)) <= width


@given(TEXTS, TEXTS, st.integers(MARKS + STATE + 1, 200))
def test_a_row_is_never_wider_than_the_table(name: str, address: str, width: int) -> None:
    for view in (added(1, name), found(2, name), over_http(3, name), blocked(4, address)):
        assert length(row(view, columns(width), NOW, is_marked=True)) <= width
    assert length(heading(columns(width), "state", False)) <= width


def test_at_80_columns_everything_that_matters_is_there() -> None:
    told = "".join(text for text, _ in row(over_http(9, "Car park"), columns(80), NOW, is_marked=False))
    assert told.split("  ")[0].strip() == "-"
    assert [word in told for word in ("online", "Car park", "192.168.20.9", "HTTP", "no certificate")] == [True] * 5
    assert cell_len(told) == 80


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (60, ["State", "Name", "Address"]),
        (76, ["State", "Name", "Address", "Certificate"]),
        (80, ["State", "Name", "Address", "Certificate", "Expires"]),
        (119, ["State", "Name", "Address", "Certificate", "Expires", "Model"]),
        (120, ["State", "Name", "Address", "Certificate", "Expires", "Video", "Model"]),
        (160, ["State", "Name", "Address", "Certificate", "Expires", "Video", "Model", "Serial"]),
    ],
)
def test_columns_go_from_the_right_and_come_at_the_right(width: int, titles: list[str]) -> None:
    line = heading(columns(width), "", False)
    assert "".join(text for text, _ in line).split() == titles


def test_the_heading_says_what_the_table_is_sorted_by() -> None:
    assert "Name^" in heading(columns(80), "name", False)[0][0]
    assert "Namev" in heading(columns(80), "name", True)[0][0]


def test_a_field_without_a_text_is_not_there() -> None:
    assert field("Video", "", 40) == []
    assert len(field("Model", "a " * 40, 40)) == 4


def test_a_paragraph_is_indented() -> None:
    assert [length(line) <= 20 for line in paragraph("word " * 20, 20, indent=4)] == [True] * 7


@pytest.mark.usefixtures("ascii_terminal")
def test_a_terminal_without_unicode_gets_ascii_only() -> None:
    assert shown("Gate · 3f9a … 02ac — ⟨001B⟩ カ") == "Gate - 3f9a ... 02ac - <001B> ?"
    assert fit("a long name", 8) == "a lon..."
    assert shown("Gate") == "Gate"


@pytest.mark.parametrize(
    ("environ", "encoding"),
    [
        ({"LANG": "en_GB.UTF-8"}, "utf-8"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "C"}, "ascii"),
        ({"LC_CTYPE": "C.UTF-8"}, "utf-8"),
        ({}, "ascii"),
    ],
)
def test_only_a_locale_that_names_an_encoding_is_believed(environ: dict[str, str], encoding: str) -> None:
    assert output_encoding(environ).lower() == encoding


def test_the_longest_text_that_fits_is_told_and_the_last_one_where_none_does() -> None:
    texts = ("as of カメラ", "as of", "as")
    assert [longest(texts, width) for width in (12, 11, 5, 4, 1)] == ["as of カメラ", "as of", "as of", "as", "as"]
    assert longest((), 5) == ""
