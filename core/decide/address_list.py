"""Devices to add, several at once: pasted text, and CSV files of addresses and names."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.decide.addresses import Target, parse_address
from core.model.errors import UsageError
from core.model.text import clean

MOST_DEVICES = 1000
LONGEST_LIST = 512 * 1024
"""Bytes of the longest file that is read."""
LONGEST_NAME = 64

_SEPARATORS = re.compile(r"[\s,;]+")
_DELIMITER = re.compile(r"[,;\t]")
_WORDS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_HEADINGS = frozenset(("address", "addresses", "ip", "ip address", "ip-address", "host", "hostname"))
_LIKE_AN_ADDRESS = re.compile(r"[.:0-9]")
_SEPARATE = "Give addresses with spaces or commas between them, and nothing else."
_MOST_TOLD = 10
_LONGEST_LINE = 1024
_FORMAT = "A line is address,name such as 192.168.20.1,Loading dock; the name may be left out."


@dataclass(frozen=True, slots=True)
class Entry:
    """One device to add. `address` is as typed, `name` empty where none was given, `line` 0 for what was no file."""

    address: str
    name: str = ""
    line: int = 0


class ListError(UsageError):
    """A list of which nothing is used. `problems` say which line and which part of it is wrong, the first ten."""

    def __init__(self, title: str, problems: Sequence[str]) -> None:
        super().__init__(title, "\n".join((*problems, _FORMAT)))
        self.problems = tuple(problems)


def parse_pasted(text: str) -> tuple[Entry, ...]:
    """Read addresses that are separated by commas, semicolons or white space; one that is there twice counts once.

    Among several, a plain word is no name of a host. Raises `UsageError` naming the first part that is wrong.
    """
    parts = [part for part in _SEPARATORS.split(text) if part]
    for part in parts:
        # Before any other part is told of: a password may have been split, too.
        if "@" in part:
            parse_address(part)
    entries: dict[Target, Entry] = {}
    for part in parts:
        if len(parts) > 1 and not _LIKE_AN_ADDRESS.search(part):
            raise UsageError(
                f"'{clean(part)}' is no address of a device: among several, a name needs a dot or a digit.", _SEPARATE
            )
        entries.setdefault(parse_address(part), Entry(part))
    return tuple(entries.values())


def parse_list(data: bytes, beside: Iterable[Entry] = ()) -> tuple[Entry, ...]:
    """Read a file of `address,name` lines, as spreadsheets of all kinds write them.

    `,`, `;` and tabs separate, quotes may be put around both; lines that begin with `#`, empty ones and a first line
    of headings are left out. `beside` are devices that are given otherwise. Raises `ListError` telling of all lines
    that are wrong, and `UsageError` for a file that is too large or holds nothing.
    """
    if len(data) > LONGEST_LIST:
        raise UsageError(f"The list is longer than {LONGEST_LIST // 1024} KiB.", _FORMAT)
    reading = _Reading(beside)
    for number, line in _lines(_decoded(data)):
        reading.take(number, line)
    return reading.result()


class _Reading:
    """Takes in one line after the other; what is wrong is kept, so that all of it is told at once."""

    def __init__(self, beside: Iterable[Entry]) -> None:
        self._entries: list[Entry] = []
        self._problems: list[str] = []
        self._lines: dict[str, dict[int | None, int]] = {}
        for entry in beside:
            target = parse_address(entry.address)
            self._lines.setdefault(target.host, {})[target.port] = entry.line

    def take(self, number: int, line: str) -> None:
        try:
            entry = _entry(number, line)
            self._refuse_twice(entry)
        except UsageError as error:
            self._problems.append(f"Line {number}: {error.title}")
        else:
            self._entries.append(entry)

    def result(self) -> tuple[Entry, ...]:
        if self._problems:
            raise _list_error(self._problems)
        if not self._entries:
            raise UsageError("The list holds no address.", _FORMAT)
        if len(self._entries) > MOST_DEVICES:
            raise UsageError(
                f"The list holds {len(self._entries):,} devices, more than {MOST_DEVICES:,}.", "Give it in parts."
            )
        return tuple(self._entries)

    def _refuse_twice(self, entry: Entry) -> None:
        """Without a port any port is meant, so that it may be the same device as one with a port."""
        target = parse_address(entry.address)
        lines = self._lines.setdefault(target.host, {})
        before = [line for port, line in lines.items() if port == target.port or None in (port, target.port)]
        if before:
            where = f"in line {before[0]}" if before[0] else "given otherwise"
            raise UsageError(f"'{clean(entry.address)}' is {where} already.")
        lines[target.port] = entry.line


def _list_error(problems: Sequence[str]) -> ListError:
    told = list(problems[:_MOST_TOLD])
    if len(problems) > _MOST_TOLD:
        told.append(f"And {len(problems) - _MOST_TOLD} more.")
    count = "1 line" if len(problems) == 1 else f"{len(problems)} lines"
    return ListError(f"{count} of the list cannot be used: nothing was added.", told)


def usable_name(name: str) -> str:
    """Return a device's name without the space around it. Raises `UsageError` for one that cannot be shown."""
    name = name.strip()
    if len(name) > LONGEST_NAME:
        raise UsageError(f"The name '{clean(name)}' is too long.", f"At most {LONGEST_NAME} letters.")
    if not name.isprintable():
        raise UsageError(f"The name '{clean(name)}' holds what cannot be shown.", "Printable letters only.")
    return name


def _decoded(data: bytes) -> str:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets on Windows write; of Latin-1 it is a superset but for control characters.
        return data.decode("cp1252", "replace")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that tell something, with their numbers."""
    is_first = True
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        line = raw.strip(" ")
        if not line.strip(',;\t "') or line.startswith("#"):
            continue
        if not (is_first and _is_heading(line)):
            yield number, line
        is_first = False


def _is_heading(line: str) -> bool:
    return _DELIMITER.split(line)[0].strip(' "').casefold() in _HEADINGS


def _entry(number: int, line: str) -> Entry:
    if len(line) > _LONGEST_LINE:
        raise UsageError(f"it is longer than {_LONGEST_LINE:,} letters.")
    # Addresses hold none of the three, so the first is what separates; a name may hold the others.
    found = _DELIMITER.search(line)
    separator = found[0] if found else ","
    try:
        [cells] = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
    except csv.Error:
        raise UsageError(f"the quotes in '{clean(line)}' are not closed, or in the middle of a word.") from None
    address, name, *rest = (cell.strip() for cell in (*cells, ""))
    if extra := next(filter(None, rest), ""):
        raise UsageError(f"'{clean(extra)}' is one column too many (put a name with {_WORDS[separator]} in quotes).")
    if not address:
        raise UsageError(f"the address is missing before '{clean(name)}'.")
    parse_address(address)
    return Entry(address, usable_name(name), number)
