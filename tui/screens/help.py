"""The help screen: the keys of the screen below it, made from its bindings, and what the marks mean."""

from collections.abc import Iterable, Sequence

from textual.signal import Signal

from tui.paragraphs import Line, fit, length, paragraph, plain, wrapped
from tui.screens.frame import Frame
from tui.session import Session
from tui.site import Change
from tui.words import Tone, legend

_KEYS, _VERB = 16, 15
_NARROW_KEYS = 12
_ROOMY = 80
_STATE = 18
Keys = Sequence[tuple[str, str, str]]


def keys_of(screen: Frame) -> Keys:
    """Return keys, verb and meaning of everything that is bound on a screen now, in the order of its widgets."""
    told = [(keys, active.binding) for keys, active in screen.bound().values()]
    verbs = [(", ".join(keys), verb.description, verb.tooltip) for keys, verb in told if verb.tooltip]
    moves = [" ".join(keys) for keys, verb in told if not verb.tooltip]
    return [*verbs, *([("", "", ", ".join(moves))] if moves else [])]


class HelpScreen(Frame):
    """Shows `keys`, and the words and marks of the table."""

    VERBS = ("back",)

    def __init__(self, session: Session, changes: Signal[Change], keys: Keys) -> None:
        super().__init__(session, changes)
        self._keys_told = keys

    def heading(self) -> Line:
        """Return what this is."""
        return plain(" Keys and marks", Tone.STRONG)

    def lines(self, width: int) -> list[Line]:
        """Return the keys and the marks."""
        lines: list[Line] = [line for key in self._keys_told for line in _key_lines(*key, width=width)]
        lines += [(), plain(" What stands at the left of a device", Tone.STRONG)]
        for mark, word, meaning in legend():
            first, *rest = wrapped(meaning, width - _STATE - 1)
            lines += [
                ((fit(f" {mark:<2} {word}", _STATE), Tone.STRONG), (first, Tone.PLAIN)),
                *_below(rest, _STATE, Tone.PLAIN),
            ]
        if self.session.state_hint:
            told = (paragraph(hint, width - 1, Tone.QUIET, indent=1) for hint in self.session.state_hint.splitlines())
            lines += [(), *(line for hint in told for line in hint)]
        return lines

    def action_help(self) -> None:
        """Already here."""


def _key_lines(keys: str, verb: str, meaning: str, width: int) -> list[Line]:
    if not keys:
        return paragraph(f"Move: {meaning}", width, Tone.STRONG, indent=1)
    column = max(_KEYS if width >= _ROOMY else _NARROW_KEYS, length(plain(keys)) + 2)
    first, *rest = wrapped(meaning, width - column - _VERB - 1)
    head = ((fit(f" {keys}", column), Tone.STRONG), (fit(verb, _VERB), Tone.PLAIN), (first, Tone.QUIET))
    return [head, *_below(rest, column + _VERB, Tone.QUIET)]


def _below(texts: Iterable[str], indent: int, tone: Tone) -> list[Line]:
    """Return what goes on below a first line."""
    return [((" " * indent, Tone.PLAIN), (text, tone)) for text in texts]
