"""What is shown instead of everything else on a terminal that is too small."""

from tui.paragraphs import Line, plain
from tui.widgets.lines import Lines
from tui.words import Tone

SMALLEST = (60, 15)


class TooSmall(Lines):
    """One line; the style sheet shows it, and nothing else, below the smallest size."""

    def __init__(self) -> None:
        super().__init__(_text, classes="too-small")


def _text(_: int) -> list[Line]:
    columns, lines = SMALLEST
    return [plain(f"terminal too small (need {columns}x{lines})", Tone.STRONG)]
