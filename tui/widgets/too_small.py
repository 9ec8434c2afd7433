"""What is shown instead of everything else on a terminal that is too small."""

from tui.paragraphs import Line, length, plain
from tui.widgets.lines import Lines
from tui.words import Tone

SMALLEST = (60, 15)
_NEED = f"need {SMALLEST[0]}x{SMALLEST[1]}"
_WORDS = (f"terminal too small ({_NEED})", f"too small: {_NEED}", _NEED)


class TooSmall(Lines):
    """One line; the style sheet shows it, and nothing else, below the smallest size."""

    def __init__(self) -> None:
        super().__init__(_text, classes="too-small")


def _text(width: int) -> list[Line]:
    told = (plain(words, Tone.STRONG) for words in _WORDS)
    return [next((line for line in told if length(line) <= width), plain(_NEED, Tone.STRONG))]
