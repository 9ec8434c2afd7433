"""Reading one `config.toml`: strict, and every error says where it is and what would be right."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import msgspec

from core.model.errors import UsageError
from core.model.text import clean
from core.service.setting_rules import KEYS, SECTIONS, TOP, fields, rule_of, type_of


class Entry(NamedTuple):
    """One value in a file, as its type. `line` is None where it is written in no plain way."""

    section: str
    key: str
    value: Any
    line: int | None


class _Place(NamedTuple):
    """A key in a file: for the error's title."""

    path: Path
    text: str
    section: str
    key: str

    @property
    def line(self) -> int | None:
        return _line_of(self.text, self.section, self.key)

    def refuse(self, what: str, hint: str) -> NoReturn:
        """Raise the error about this key."""
        raise UsageError(f"{where(self.path, self.line)}: {what}", hint)


def where(path: Path, line: int | None) -> str:
    """Return how a place in a file is named."""
    return f"{path} line {line}" if line else str(path)


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Return what a file sets. Raises `FileNotFoundError`, and `UsageError` naming file, line and what is allowed."""
    text = _read(path)
    document = _parse(path, text)
    return tuple(entry for section in SECTIONS for entry in _entries(path, text, section, document))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path} line {line}: not UTF-8", "Save the file as UTF-8 text.") from error
    except NotADirectoryError as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from error
    except FileNotFoundError:
        raise
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> UsageError:
    """Return the error about a file that the system does not let us read."""
    return UsageError(
        f"{path} cannot be read: {error.strerror}", "Check the path, and that this account may read the file."
    )


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).removesuffix(")").partition(" (at ")
        raise UsageError(f"{path} {place}: {clean(what, 200)}", "The file is no valid TOML there.") from error


def _entries(path: Path, text: str, section: str, document: Mapping[str, Any]) -> Iterator[Entry]:
    for key, value in _table(path, text, section, document).items():
        place = _Place(path, text, section, key)
        if section != KEYS and key not in fields(section):
            place.refuse(f'unknown key "{clean(key)}"', _what_was_meant(section, key))
        yield Entry(section, key, _checked(place, value), place.line)


def _table(path: Path, text: str, section: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
    if section == TOP:
        return {key: value for key, value in document.items() if key not in SECTIONS}
    table = document.get(section, {})
    if not isinstance(table, dict):
        _Place(path, text, TOP, section).refuse(f'"{section}" is a section', f"Write [{section}] on a line of its own.")
    return table


def _checked(place: _Place, value: object) -> Any:
    rule = rule_of(place.section, place.key)
    try:
        converted = msgspec.convert(value, type_of(place.section, place.key))
    except msgspec.ValidationError:
        fits = False
    else:
        fits = rule.holds(converted)
    if not fits:
        key = clean(place.key)
        place.refuse(f'wrong value of "{key}"', f'"{key}" must be {rule.allowed}.')
    return converted


def _what_was_meant(section: str, key: str) -> str:
    known = _names_in(section)
    if near := difflib.get_close_matches(key, known, n=1):
        return f'did you mean "{near[0]}"?'
    for other in SECTIONS:
        if other != section and key in fields(other):
            return f"it belongs under [{other}]" if other else "it belongs above the first [section]"
    return "known here: " + ", ".join(known)


def _names_in(section: str) -> list[str]:
    """Return what can stand there: at the top also the sections."""
    return [*fields(section), *(filter(None, SECTIONS) if section == TOP else ())]


def _line_of(text: str, section: str, key: str) -> int | None:
    wanted = ".".join(filter(None, (section, key)))
    current = TOP
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^]]*)", line):
            name = current = _plain(header[1])
        else:
            name = ".".join(filter(None, (current, _plain(line.partition("=")[0]))))
        if f"{name}.".startswith(f"{wanted}."):
            return number
    return None


def _plain(name: str) -> str:
    return re.sub(r"""[\s"']""", "", name)
