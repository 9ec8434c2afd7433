"""Where a person decides about a certificate. Keeping things as they are is the answer at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantBlur, DescendantFocus
from textual.message import Message
from textual.widgets import Input

from tui.keys import bind
from tui.paragraphs import Line, plain
from tui.widgets.inputs import Field
from tui.widgets.lines import Lines
from tui.words import Tone

_ROOMY = 80
_ANSWERS = 4
LONGEST_REASON = 200


class Answer(Enum):
    """What was decided."""

    KEEP = auto()
    REPLACE = auto()
    ACCEPT = auto()


@dataclass(frozen=True, slots=True)
class Words:
    """What the answers are called; `accept` ends before how to do it, `accept_short` is for a narrow terminal."""

    keep: str
    replace: str
    accept: str
    accept_short: str


class Choice(Lines, can_focus=True):
    """An answer that Enter gives. `text` tells what it is called now, `number` which of all it is."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("decide", "choose", "Do")]

    class Chosen(Message):
        """Enter was pressed here."""

        def __init__(self, answer: Answer) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, answer: Answer, text: Callable[[], str], number: Callable[[], str]) -> None:
        super().__init__(lambda _: [_answer(number() + text(), is_chosen=self.has_focus)], classes="answer")
        self._answer = answer

    def action_choose(self) -> None:
        """Give this answer."""
        self.post_message(self.Chosen(self._answer))


_CHOOSE: list[BindingType] = [
    bind("choose-next", "app.focus_next", "Choose", show=False),
    bind("choose-previous", "app.focus_previous", "Choose", show=False),
]


class Typed(Field):
    """A field of an answer. Up and down leave it, and pages are those of the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *_CHOOSE,
        bind("decide", "submit", "Do"),
        bind("read-up", "screen.page(-1)", "Page up", show=False),
        bind("read-down", "screen.page(1)", "More", show=False),
    ]


class Decision(Vertical):
    """Three answers, of which accepting takes typing. `words` tells what they are called now.

    On a low terminal only the one at the cursor is shown, with its number, to leave the lines to what is decided about.
    """

    BINDINGS: ClassVar[list[BindingType]] = _CHOOSE

    class Made(Message):
        """An answer was given, `about` the certificate with this fingerprint and no other.

        To accept, `typed` has to be the deliberate act that it takes.
        """

        def __init__(self, answer: Answer, about: str, typed: str = "", reason: str = "") -> None:
            super().__init__()
            self.answer = answer
            self.about = about
            self.typed = typed
            self.reason = reason

    class Begun(Message):
        """Something is being typed."""

    def __init__(self, words: Callable[[], Words]) -> None:
        super().__init__(id="decision")
        self._words = words
        self._about = ""
        self._keep = Choice(Answer.KEEP, lambda: words().keep, lambda: self._number(1))
        self._replace = Choice(Answer.REPLACE, lambda: words().replace, lambda: self._number(2))
        self._accept = Typed(name="accept", limit=128)
        self._reason = Typed(name="reason", limit=LONGEST_REASON)
        self.display = False

    def compose(self) -> ComposeResult:
        """Build the answers, one a line."""
        yield Lines(lambda _: [()], classes="space")
        yield self._keep
        yield self._replace
        yield self._row(lambda: self._number(3) + self._accept_label(), self._accept)
        yield self._row(lambda: f"{self._number(4)}Reason, kept in the log", self._reason)

    @property
    def is_typing(self) -> bool:
        """Whether letters go into a field."""
        return self._accept.has_focus or self._reason.has_focus

    def begin(self, about: str) -> None:
        """Ask about the certificate with this fingerprint, with nothing typed yet; ask nothing where it is empty."""
        self._about = about
        self._accept.value = self._reason.value = ""
        self.display = bool(about)
        self._measure()
        if about:
            self._keep.focus()

    def _measure(self) -> None:
        """What the answers are called may be shorter or longer than before."""
        for lines in self.query(".text"):
            lines.refresh(layout=True)

    def on_resize(self) -> None:
        """Call the answers what there is room for."""
        self._measure()

    def _number(self, number: int) -> str:
        return f"{number}/{_ANSWERS} " if self.screen.has_class("-low") else ""

    def ask_again(self) -> None:
        """Go to where accepting is typed."""
        self._accept.focus()

    def _row(self, label: Callable[[], str], field: Typed) -> Horizontal:
        def draw(_: int) -> list[Line]:
            return [(*_answer(label(), is_chosen=field.has_focus), (" [", Tone.PLAIN))]

        return Horizontal(
            Lines(draw, classes="text"), field, Lines(lambda _: [plain("]")], classes="text"), classes="row answer"
        )

    def _accept_label(self) -> str:
        words = self._words()
        return words.accept if self.app.size.width >= _ROOMY else words.accept_short

    @on(DescendantFocus)
    def _chose(self) -> None:
        for answer in self.query(".answer"):
            answer.set_class(answer.has_focus_within, "-chosen")

    @on(DescendantFocus)
    @on(DescendantBlur)
    def _moved(self) -> None:
        for lines in self.query(Lines):
            lines.redraw()

    @on(Choice.Chosen)
    def _chosen(self, message: Choice.Chosen) -> None:
        message.stop()
        self.post_message(self.Made(message.answer, self._about))

    @on(Input.Submitted)
    def _submitted(self, message: Input.Submitted) -> None:
        message.stop()
        typed, reason = self._accept.value, self._reason.value.strip()
        self.post_message(self.Made(Answer.ACCEPT, self._about, typed, reason))

    @on(Input.Changed)
    def _changed(self, message: Input.Changed) -> None:
        message.stop()
        if message.value:
            self.post_message(self.Begun())


def _answer(text: str, *, is_chosen: bool) -> Line:
    return ((" > " if is_chosen else "   ", Tone.STRONG), (text, Tone.STRONG if is_chosen else Tone.PLAIN))
