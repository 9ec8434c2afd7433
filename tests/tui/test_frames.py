"""What is sent for a frame makes a terminal show it, whatever it showed before; and it is little."""

from collections.abc import Sequence

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.frames import Frame, difference

COLUMNS, LINES = 24, 3
CONSOLE = Console(color_system="256", force_terminal=True)
DEFAULT = Style(color="default", bgcolor="default")
STYLES = [Style(), DEFAULT, Style(bold=True), Style(color="red"), Style(bgcolor="blue"), Style(reverse=True)]
CHARACTERS = st.sampled_from(["a", "é", " ", "日", "e\u0301"])
words = st.lists(CHARACTERS, min_size=1, max_size=12).map("".join)
texts = st.lists(st.tuples(words, st.sampled_from(STYLES)), max_size=4)
frames = st.lists(texts, min_size=LINES, max_size=LINES).map(lambda lines: frame(*lines))


def line(*spans: tuple[str, Style]) -> Strip:
    return Strip([Segment(text, style) for text, style in spans]).adjust_cell_length(COLUMNS, Style())


def frame(*lines: Sequence[tuple[str, Style]]) -> Frame:
    return [line(*spans) for spans in lines]


def plain(*lines: str) -> Frame:
    return frame(*([(text, Style())] for text in lines))


def written(strip: Strip) -> str:
    return strip.render(CONSOLE)


def sent(before: Frame | None, after: Frame) -> str:
    return difference(before, after, written)


class Shown:
    """A terminal, and what it looks like: per cell the text and all that can be seen of its style."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.Stream(self.screen)
        # As the screens have it: what is too long is cut off.
        self.feed("\x1b[?7l")

    def feed(self, text: str) -> None:
        self._stream.feed(text)

    def cells(self) -> list[object]:
        return [self._cell(x, y) for y in range(LINES) for x in range(COLUMNS)]

    def _cell(self, x: int, y: int) -> object:
        cell = self.screen.buffer[y][x]
        ink = () if cell.data == " " else (cell.fg, cell.bold)
        return cell.data, cell.bg, cell.reverse, ink


@given(st.lists(frames, min_size=2, max_size=5))
def test_a_terminal_shows_the_last_frame_as_if_it_were_the_first(shown: list[Frame]) -> None:
    one, other = Shown(), Shown()
    for before, after in zip([None, *shown], shown, strict=False):
        one.feed(sent(before, after))
    other.feed(sent(None, shown[-1]))
    assert one.cells() == other.cells()


@given(frames)
def test_the_first_frame_is_what_its_lines_are(shown: Frame) -> None:
    one, other = Shown(), Shown()
    one.feed("x" * COLUMNS * LINES)
    one.feed(sent(None, shown))
    for y, strip in enumerate(shown):
        other.feed(f"\x1b[{y + 1};1H{written(strip)}")
    assert one.cells() == other.cells()


def test_nothing_is_sent_where_nothing_looks_different() -> None:
    same = frame([("Lobby", DEFAULT), ("      ", Style(bold=True))], [], [])
    assert sent(plain("Lobby", "", ""), same) == ""
    assert sent(same, same) == ""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("adding 3/10    Lobby", "adding 4/10    Lobby", "\x1b[1;8H4"),
        ("ab               cd", "xb               xd", "\x1b[1;1Hx\x1b[1;18Hx"),
        ("ab      cd", "xb      xd", "\x1b[1;1Hxb      x"),
        ("a long line of words", "a", "\x1b[1;3H\x1b[K"),
        ("a long line of words", "a short", "\x1b[1;3Hshort\x1b[K"),
        ("日本 3/10", "日本 4/10", "\x1b[1;1H\x1b[K日本 4/10" + " " * 15),
    ],
)
def test_only_what_differs_is_sent(before: str, after: str, expected: str) -> None:
    assert sent(plain(before, "", ""), plain(after, "", "")) == expected


def test_after_another_size_nothing_is_taken_for_shown() -> None:
    assert sent(plain("Lobby", ""), plain("Lobby", "", "")) == "\x1b[2J\x1b[1;1HLobby"
