"""The keys of the screens: what each does, which one it is unless a technician has another, and how it is written.

Everything that names a key asks here, so that what is read is what is to be pressed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.model.errors import UsageError

if TYPE_CHECKING:
    from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Verb:
    """What a key does. `keys` are those that do it unless a technician has others, separated by commas.

    A `fixed` one has no others. One for `typing` works in a field too, so that no letter can do it.
    """

    keys: str
    meaning: str
    fixed: bool = False
    typing: bool = False


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "details": Verb("enter", "all about the device", fixed=True),
        "filter": Verb("slash", "show only rows with these words"),
        "keep-filter": Verb("enter", "keep the filter", fixed=True),
        "clear-filter": Verb("escape", "end the filter", fixed=True),
        "sort": Verb("s", "sort by the next column"),
        "reverse": Verb("S", "turn the order round"),
        "mark": Verb("space", "mark the device, for what is done with several"),
        "mark-all": Verb("asterisk", "mark all shown, or none"),
        "others": Verb("o", "show what is no camera too, such as printers"),
        "add": Verb("a", "add this device; the marked ones in a rollout"),
        "add-address": Verb("A", "add a device by typing its address"),
        "add-all": Verb("M", "bring all cameras to HTTPS in a rollout"),
        "rollout": Verb("m", "the rollout that is under way, or the last one"),
        "install": Verb("i", "the steps of adding the device"),
        "certificate": Verb("c", "the certificate: see, compare, decide"),
        "review": Verb("v", "all certificates to decide about, by reason"),
        "replace": Verb("r", "bring it to HTTPS anew, or as new hardware"),
        "reissue": Verb("I", "a new key and certificate, after a question"),
        "preflight": Verb("P", "how an install would go; changes nothing"),
        "check": Verb("C", "look at every added device now"),
        "rescan": Verb("R", "ask the network again now"),
        "scan": Verb("N", "try each address of a network, or end that"),
        "events": Verb("e", "what happened, and who decided it"),
        "people": Verb("W", "who is attached to the engine now"),
        "remove": Verb("D", "forget the device, after a question"),
        "copy": Verb("y", "copy the fingerprint"),
        "save": Verb("e", "write the certificate to a file"),
        "next": Verb("n", "the next one"),
        "previous": Verb("p", "the one before"),
        "only": Verb("f", "only those of the device at the cursor, or all again"),
        "compare": Verb("enter", "compare the certificates, and decide", fixed=True),
        "decide": Verb("enter", "give the answer at the cursor", fixed=True),
        "steps": Verb("enter", "the steps of one device", fixed=True),
        "cancel": Verb("x", "stop what is under way, while that is possible"),
        "save-summary": Verb("s", "write the summary to a file, as CSV or JSON"),
        "login": Verb("l", "ask again, with another login"),
        "again": Verb("P", "ask again, with the same login"),
        "close": Verb("escape", "leave the window, and do nothing", fixed=True),
        "close-notice": Verb("enter", "leave the window", fixed=True),
        "submit": Verb("enter", "do it", fixed=True),
        "answer": Verb("enter", "give the answer at the cursor", fixed=True),
        "choose": Verb("up,k,down,j,tab,shift+tab", "go to the other answer", fixed=True),
        "choose-previous": Verb("up", "the answer or the line before, also while something is typed", typing=True),
        "choose-next": Verb("down", "the next answer or line, also while something is typed", typing=True),
        "read-up": Verb("pageup", "a page back in what is shown, also while something is typed", typing=True),
        "read-down": Verb("pagedown", "a page on in what is shown, also while something is typed", typing=True),
        "tick": Verb("space", "agree to the sentence, or no longer"),
        "fingerprints": Verb("ctrl+f", "fingerprints in full, also while something is typed", typing=True),
        "fingerprints-too": Verb("f", "fingerprints in full"),
        "preflight-here": Verb("ctrl+p", "how it would go, with the login that is typed", typing=True),
        "help": Verb("question_mark", "all keys of this screen, and what the marks mean"),
        "palette": Verb("colon,ctrl+p", "find a verb or a device by typing"),
        "back": Verb("escape", "one level back; never leaves camtrust", fixed=True),
        "leave": Verb("q", "one level back; on the main screen, leave"),
        "quit": Verb("ctrl+q", "leave, from anywhere; the engine goes on", typing=True),
        "interrupt": Verb("ctrl+c", "leave, as the shell expects it", fixed=True),
        "suspend": Verb("ctrl+z", "back to the shell for a while; fg comes back"),
        "redraw": Verb("ctrl+l", "draw the whole screen anew"),
        "logs": Verb("L", "where the state and the logs are"),
        "up": Verb("up,k", "a line up"),
        "down": Verb("down,j", "a line down"),
        "page-up": Verb("pageup,ctrl+b", "a page up"),
        "page-down": Verb("pagedown,ctrl+f", "a page down"),
        "first": Verb("home,g", "to the top"),
        "last": Verb("end,G", "to the end"),
    }
)
"""What keys do, by id: the same id means the same on every screen that has it."""

_SIGNS = {
    "!": "exclamation_mark",
    '"': "quotation_mark",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "'": "apostrophe",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "*": "asterisk",
    "+": "plus",
    ",": "comma",
    "-": "minus",
    ".": "full_stop",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less_than_sign",
    "=": "equals_sign",
    ">": "greater_than_sign",
    "?": "question_mark",
    "@": "at",
    "[": "left_square_bracket",
    "\\": "backslash",
    "]": "right_square_bracket",
    "^": "circumflex_accent",
    "_": "underscore",
    "`": "grave_accent",
    "{": "left_curly_bracket",
    "|": "vertical_line",
    "}": "right_curly_bracket",
    "~": "tilde",
}
_CHARACTERS = {name: sign for sign, name in _SIGNS.items()}
_WRITTEN = {
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "insert": "Ins",
    "delete": "Del",
    "backspace": "Backspace",
    "space": "Space",
    "tab": "Tab",
    "enter": "Enter",
    "escape": "Esc",
    **{f"f{number}": f"F{number}" for number in range(1, 25)},
}
_MODIFIERS = ("alt", "ctrl", "shift")
# On a terminal the last three are the same as Enter, Tab and Esc.
_TAKEN = frozenset({"enter", "escape", "tab", "shift+tab", "ctrl+c", "ctrl+m", "ctrl+i", "ctrl+left_square_bracket"})
EDITING = frozenset(
    {"left", "right", "home", "end", "backspace", "delete", "space"}
    | {f"ctrl+{key}" for key in ("a", "d", "e", "k", "u", "v", "w", "x", "left", "right", "backspace")}
)
"""Keys that a field needs itself, besides letters and signs."""


class _Own:
    """The keys that this technician has instead; decided once, at start."""

    keys: Mapping[str, str] = {}


def use_keys(keys: Mapping[str, str]) -> None:
    """Name these keys from now on, by id of what they do, as `check_keys` returned them."""
    _Own.keys = dict(keys)


def key_of(verb: str) -> str:
    """Return the key that does this, as it is written on the screen."""
    return key_name(_Own.keys.get(verb, VERBS[verb].keys).split(",")[0])


def key_name(key: str) -> str:
    """Return a key as it is written on the screen: `Ctrl+Q` for `ctrl+q`, `/` for `slash`."""
    *modifiers, last = key.split("+")
    last = last.upper() if modifiers and len(last) == 1 else _CHARACTERS.get(last) or _WRITTEN.get(last, last)
    return "+".join([*(modifier.capitalize() for modifier in modifiers), last])


def bind(
    verb: str,
    action: str,
    description: str,
    *,
    tooltip: str = "",
    show: bool = True,
    priority: bool = False,
) -> Binding:
    """Return a binding of the key that does this. `tooltip` says it in the words of one screen.

    One that is not for `show` is a mere move, of which the help names the key alone.
    """
    from textual.binding import Binding

    told = (tooltip or VERBS[verb].meaning) if show else ""
    return Binding(VERBS[verb].keys, action, description, id=verb, show=show, priority=priority, tooltip=told)


def known_ids() -> Mapping[str, str]:
    """Return what each id that `[keys]` may name does."""
    return {verb: known.meaning for verb, known in VERBS.items() if not known.fixed}


def check_keys(keys: Mapping[str, str], sources: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return keys by id, each named as Textual does, from those of a settings file, where `+` and `F5` are right too.

    Raises `UsageError` for an id or a key that does not exist, a key that has to stay what it is, and one that would
    do two things on one screen. Its title begins with where the key of this id was set, where `sources` tells that.
    """
    checked = {}
    for verb, named in keys.items():
        try:
            checked[verb] = ",".join(_parsed(verb, named))
        except _WrongError as wrong:
            raise UsageError(f"{sources.get(verb, '[keys]')}: {wrong.title}", wrong.hint) from None
    if not checked:
        return checked
    # Only here: it loads all screens.
    from tui.key_places import clash

    if told := clash(checked):
        verb, title, hint = told
        raise UsageError(f"{sources.get(verb, '[keys]')}: {title}", hint)
    return checked


class _WrongError(UsageError):
    """What is wrong with the key of one id."""


def _parsed(verb: str, named: str) -> Iterator[str]:
    known = VERBS.get(verb)
    if known is None:
        raise _WrongError(f"'{verb}' is nothing that a key does", _nearest(verb, known_ids()))
    if known.fixed:
        raise _WrongError(f"the key of '{verb}' cannot be another", f"It stays {key_list(known.keys)}.")
    for name in named.split(","):
        key = parse_key(name.strip())
        if key in _TAKEN:
            raise _WrongError(f"{key_name(key)} cannot be the key of '{verb}'", "It has to stay what it is.")
        if known.typing and (key in EDITING or is_typed(key)):
            raise _WrongError(
                f"{key_name(key)} cannot be the key of '{verb}'",
                "That has to work while something is typed: choose a function key, or one with Ctrl.",
            )
        yield key


def parse_key(name: str) -> str:
    """Return a key as Textual names it, from its name or what it types. Raises `UsageError` where there is none."""
    if len(name) == 1 and (name in _SIGNS or name.isalnum()):
        return _SIGNS.get(name, name)
    *modifiers, last = name.lower().split("+")
    last = _SIGNS.get(last, last)
    ordered = [modifier for modifier in _MODIFIERS if modifier in modifiers]
    if not (is_typed(last) or last in _WRITTEN) or len(ordered) != len(modifiers):
        names = (*_WRITTEN, *_CHARACTERS, *(f"ctrl+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"))
        raise _WrongError(f"'{name}' is no key", _nearest(name.lower(), names))
    if "shift" in ordered and last not in _WRITTEN:
        raise _WrongError(f"'{name}' is no key", "Write what it types, such as R.")
    return "+".join([*ordered, last])


def is_typed(key: str) -> bool:
    """Tell whether a key types a character."""
    return key in _CHARACTERS or (len(key) == 1 and key.isalnum())


def key_list(keys: str) -> str:
    """Return several keys as they are written on the screen."""
    return ", ".join(map(key_name, keys.split(",")))


def _nearest(name: str, names: Iterable[str]) -> str:
    # Only here: seldom needed.
    from difflib import get_close_matches

    found = get_close_matches(name, list(names), n=1, cutoff=0.5)
    if found:
        return f"Did you mean {found[0]}?"
    return "The README lists what keys do; a key is written as f5, ctrl+r, R or +, for example."
