"""What may stand in `config.toml`: its sections and keys, and for each key which values, in words and as a test."""

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import msgspec

from core.decide.interfaces import parse_interface
from core.model.config import AccessSettings, AuthoritySettings, Config, DiscoverySettings, ScreenSettings
from core.model.errors import UsageError

TOP = ""
"""What stands above the first section."""

KEYS = "keys"
"""The section whose keys are the ids of what the screens do. Which there are is known to the screens alone."""

SECTIONS: Mapping[str, type[msgspec.Struct] | None] = {
    TOP: Config,
    "access": AccessSettings,
    "screen": ScreenSettings,
    KEYS: None,
    "authority": AuthoritySettings,
    "discovery": DiscoverySettings,
}


class Rule(NamedTuple):
    """What a value may be: in words, and as a test that comes after the one of its type."""

    allowed: str
    holds: Callable[[Any], bool] = lambda value: True


def fields(section: str) -> dict[str, Any]:
    """Return the keys of a section and their types; none for `[keys]`, whose keys are free."""
    kind = SECTIONS[section]
    if kind is None:
        return {}
    return {field.name: field.type for field in msgspec.structs.fields(kind) if field.name not in SECTIONS}


def rule_of(section: str, key: str) -> Rule:
    """Return the rule of a key, which follows from its type where it has none of its own."""
    if section == KEYS:
        return _KEY
    return _RULES.get((section, key)) or _by_type(fields(section)[key])


def type_of(section: str, key: str) -> Any:
    """Return the type of a key's value."""
    return str if section == KEYS else fields(section)[key]


def _by_type(kind: Any) -> Rule:
    if get_origin(kind) is Literal:
        return Rule("one of " + ", ".join(f'"{choice}"' for choice in get_args(kind)))
    by_type = {float: _SECONDS, int: Rule("a whole number"), bool: Rule("true or false")}
    return by_type.get(kind, Rule("a text in quotes"))


def _is_short_text(value: str) -> bool:
    return len(value) <= 64 and value.isprintable()


def _is_absolute_path(value: str) -> bool:
    return value.isprintable() and Path(value).is_absolute()


def _is_group(value: str) -> bool:
    """Tell whether a text can be a group's name (group(5)); directory servers have longer ones, with spaces."""
    return not value or (_is_short_text(value) and bool(re.fullmatch(r"(?!\d+$|[\s-])[^:,/]*\S", value)))


def _is_interface(value: str) -> bool:
    try:
        parse_interface(value)
    except UsageError:
        return False
    return True


_SECONDS = Rule("a number of seconds greater than 0", lambda value: value > 0 and math.isfinite(value))
_PORT = Rule("a port from 1 to 65535, or 0 for off", lambda value: 0 <= value <= 65535)
_GROUP = Rule('the name of a group, such as "camtrust", or "" for none', _is_group)
_KEY = Rule(
    'a key in quotes, such as "f5", or several: "f5,ctrl+r"', lambda value: bool(value) and _is_short_text(value)
)

_RULES: Mapping[tuple[str, str], Rule] = {
    (TOP, "gateway"): Rule("a name of at most 64 characters, in quotes", _is_short_text),
    (TOP, "interfaces"): Rule(
        'a list of this gateway\'s own addresses, such as ["192.168.1.2", "fe80::1%eth0"]',
        lambda value: all(map(_is_interface, value)),
    ),
    (TOP, "linger"): Rule("a number of seconds, 0 or more", lambda value: value >= 0 and math.isfinite(value)),
    (TOP, "parallel_installs"): Rule("a whole number from 1 to 100", lambda value: 1 <= value <= 100),
    (TOP, "expiry_notice"): Rule("a whole number of days from 0 to 3650", lambda value: 0 <= value <= 3650),
    ("access", "operators"): _GROUP,
    ("access", "viewers"): _GROUP,
    ("authority", "name"): Rule(
        "a name of 1 to 64 characters, in quotes", lambda value: bool(value) and _is_short_text(value)
    ),
    ("authority", "passphrase_file"): Rule("the path of a file, from the root on, in quotes", _is_absolute_path),
    ("discovery", "ws_discovery_port"): _PORT,
    ("discovery", "mdns_port"): _PORT,
    ("discovery", "ssdp_port"): _PORT,
}
