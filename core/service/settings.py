"""Reading `config.toml`: strict, and every error says where it is and what would be right."""

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn, get_args, get_origin

import msgspec

from core.decide.interfaces import parse_interface
from core.model.config import AccessSettings, AuthoritySettings, Config, DiscoverySettings, ScreenSettings
from core.model.errors import UsageError
from core.model.text import clean

_SECTIONS: dict[str, type[msgspec.Struct]] = {
    "access": AccessSettings,
    "screen": ScreenSettings,
    "authority": AuthoritySettings,
    "discovery": DiscoverySettings,
}
_TOP = ""


class _Rule(NamedTuple):
    """What a value may be: in words, and as a test that comes after the one of its type."""

    allowed: str
    holds: Callable[[Any], bool] = lambda value: True


def _is_short_text(value: str) -> bool:
    return len(value) <= 64 and value.isprintable()


def _is_absolute_path(value: str) -> bool:
    return value.isprintable() and Path(value).is_absolute()


def _is_interface(value: str) -> bool:
    try:
        parse_interface(value)
    except UsageError:
        return False
    return True


_SECONDS = _Rule("a number of seconds greater than 0", lambda value: value > 0 and math.isfinite(value))
_INTERFACES = _Rule(
    'a list of this gateway\'s own addresses, such as ["192.168.1.2", "fe80::1%eth0"]',
    lambda value: all(map(_is_interface, value)),
)

_PORT = _Rule("a port from 1 to 65535, or 0 for off", lambda value: 0 <= value <= 65535)

# By section and key; what is not here follows from its type.
_RULES: dict[tuple[str, str], _Rule] = {
    (_TOP, "gateway"): _Rule("a name of at most 64 characters, in quotes", _is_short_text),
    (_TOP, "interfaces"): _INTERFACES,
    (_TOP, "linger"): _Rule("a number of seconds, 0 or more", lambda value: value >= 0 and math.isfinite(value)),
    (_TOP, "parallel_installs"): _Rule("a whole number from 1 to 100", lambda value: 1 <= value <= 100),
    (_TOP, "expiry_notice"): _Rule("a whole number of days from 0 to 3650", lambda value: 0 <= value <= 3650),
    ("discovery", "ws_discovery_port"): _PORT,
    ("discovery", "mdns_port"): _PORT,
    ("discovery", "ssdp_port"): _PORT,
    ("authority", "name"): _Rule(
        "a name of 1 to 64 characters, in quotes", lambda value: bool(value) and _is_short_text(value)
    ),
    (_TOP, "keys"): _Rule('a section [keys] with lines such as rescan = "f5"'),
    ("access", "operators"): _Rule("the name of a group, in quotes", _is_short_text),
    ("access", "viewers"): _Rule("the name of a group, in quotes", _is_short_text),
    ("authority", "passphrase_file"): _Rule("the path of a file, from the root on, in quotes", _is_absolute_path),
}


class _Place(NamedTuple):
    """A key in a file: for the error's title."""

    path: Path
    text: str
    section: str
    key: str

    def refuse(self, what: str, hint: str) -> NoReturn:
        """Raise the error about this key."""
        line = _line_of(self.text, self.section, self.key)
        where = f"{self.path} line {line}" if line else str(self.path)
        raise UsageError(f"{where}: {what}", hint)


def default_config_path() -> Path:
    """Return where this account's settings are, if it has any."""
    from platformdirs import user_config_path

    return user_config_path("camtrust") / "config.toml"


def load_config(path: Path | None) -> Config:
    """Return the settings in `path`; None stands for the default place, which need not exist.

    Raises `UsageError` naming file, line and key, and what is allowed there.
    """
    if path is None:
        path = default_config_path()
        if not path.exists():
            return Config()
    text = _read(path)
    document = _parse(path, text)
    sections = {name: _section(path, text, name, document.pop(name, {})) for name in _SECTIONS}
    values = _values(path, text, _TOP, document, Config)
    return msgspec.convert({**values, **sections}, Config)


def check_interfaces(interfaces: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses that were given on the command line. Raises `UsageError` where one is none."""
    return tuple(map(parse_interface, interfaces))


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path} line {line}: not UTF-8", "Save the file as UTF-8 text.") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}", "Check the path, and that this account may read the file."
        ) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).removesuffix(")").partition(" (at ")
        raise UsageError(f"{path} {where}: {clean(what, 200)}", "The file is no valid TOML there.") from error


def _section(path: Path, text: str, name: str, value: object) -> msgspec.Struct:
    kind = _SECTIONS[name]
    if not isinstance(value, dict):
        _Place(path, text, _TOP, name).refuse(f'"{name}" is a section', f"Write [{name}] on a line of its own.")
    return msgspec.convert(_values(path, text, name, value, kind), kind)


def _values(
    path: Path, text: str, section: str, found: Mapping[str, Any], kind: type[msgspec.Struct]
) -> dict[str, Any]:
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    values = {}
    for key, value in found.items():
        place = _Place(path, text, section, key)
        if key not in fields:
            place.refuse(f'unknown key "{clean(key)}"', _what_was_meant(section, key))
        values[key] = _checked(place, fields[key].type, value)
    return values


def _checked(place: _Place, kind: Any, value: object) -> Any:
    rule = _RULES.get((place.section, place.key)) or _rule_of(kind)
    try:
        converted = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        fits = False
    else:
        fits = rule.holds(converted)
    if not fits:
        place.refuse(f'wrong value of "{place.key}"', f'"{place.key}" must be {rule.allowed}.')
    return converted


def _rule_of(kind: Any) -> _Rule:
    if get_origin(kind) is Literal:
        return _Rule("one of " + ", ".join(f'"{choice}"' for choice in get_args(kind)))
    by_type = {float: _SECONDS, int: _Rule("a whole number"), bool: _Rule("true or false")}
    return by_type.get(kind, _Rule("a text in quotes"))


def _what_was_meant(section: str, key: str) -> str:
    known = _keys_of(section)
    if near := difflib.get_close_matches(key, known, n=1):
        return f'did you mean "{near[0]}"?'
    for other in (_TOP, *_SECTIONS):
        if other != section and key in _keys_of(other):
            return f"it belongs under [{other}]" if other else "it belongs above the first [section]"
    return "known here: " + ", ".join(known)


def _keys_of(section: str) -> tuple[str, ...]:
    return _SECTIONS.get(section, Config).__struct_fields__


def _line_of(text: str, section: str, key: str) -> int | None:
    """Return the number of the line that sets the key, None where it is written in no plain way."""
    wanted = ".".join(filter(None, (section, key)))
    current = _TOP
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
