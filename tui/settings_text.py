"""Settings as text: those that count with where each comes from, and an example of a file with all of them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.service.setting_rules import KEYS, SECTIONS, TOP
from core.service.settings import Setting, Settings, Source, default_settings
from tui.output import width

MEANINGS: Mapping[tuple[str, str], str] = {
    (TOP, "gateway"): "Name of this gateway, as its authority has it. Empty: the machine's name.",
    (TOP, "interfaces"): "Own addresses of this gateway to discover devices on. Empty: all.",
    (TOP, "linger"): "Seconds until an engine ends that a command started and nobody uses.",
    (TOP, "patience"): "Seconds to wait for a device that does not answer yet.",
    (TOP, "key_patience"): "Seconds that a device may take to make its key.",
    (TOP, "restart_patience"): "Seconds that a device's web server may take to be there again.",
    (TOP, "answer_patience"): "Seconds that a device may take for one answer, to the last byte.",
    (TOP, "check_period"): "Seconds between two looks at a device.",
    (TOP, "retry_period"): "Seconds until a device that did not answer is tried again.",
    (TOP, "expiry_notice"): "Days before its end from which on a certificate is told to expire.",
    (TOP, "parallel_installs"): "How many devices are worked on at once.",
    (TOP, "http_login"): 'Log in over HTTP where HTTPS was tried first: "ask", "never", "always".',
    ("access", "operators"): "Unix group whose members may change things. Empty: none.",
    ("access", "viewers"): "Unix group whose members may look. Empty: none.",
    ("screen", "theme"): 'Colours: "ansi" (the terminal\'s own), "night" or "contrast".',
    ("screen", "ascii"): "Draw with nothing but ASCII.",
    ("screen", "mouse"): "Use the mouse; the terminal then marks and copies text with Shift only.",
    ("screen", "slow"): "Draw once a second at most, for a slow line.",
    ("screen", "read_only"): "Only look: the screens change nothing.",
    ("authority", "name"): "Name of the authority in what it signs; counts when it is made.",
    ("authority", "key_type"): 'Its key: "rsa-3072" or "ec-p256"; counts when it is made.',
    ("authority", "passphrase_file"): "File with the passphrase of its key. Not set: the key has none.",
    ("discovery", "ws_discovery_port"): "UDP port of WS-Discovery, 0 for off.",
    ("discovery", "mdns_port"): "UDP port of mDNS, 0 for off.",
    ("discovery", "ssdp_port"): "UDP port of UPnP (SSDP), 0 for off.",
}
"""What each setting means, in a line."""

_EXAMPLES: Mapping[tuple[str, str], Any] = {("authority", "passphrase_file"): "/run/credentials/passphrase"}
_INTRODUCTION = """\
Settings of camtrust, for every account of a machine in {system}, for one account in
~/.config/camtrust/config.toml, which counts more. Each line is a default: take the # away before it, and change it.
"""
_KEYS = "Keys of the screens, by the id of what they do: "
_COLUMNS, _SOURCE_COLUMN = 80, 40


def settings_text(settings: Settings, home: Path) -> str:
    """Return the settings as TOML with the source of each behind it, in 80 columns where paths are no longer."""
    return "\n\n".join(_section_text(section, list(_of(settings, section)), home) for section in SECTIONS)


def settings_value(settings: Settings) -> list[Setting]:
    """Return the settings for `--json`, section by section."""
    return [setting for section in SECTIONS for setting in _of(settings, section)]


def _of(settings: Settings, section: str) -> Iterator[Setting]:
    return (setting for setting in settings.values() if setting.section == section)


def _section_text(section: str, settings: Iterable[Setting], home: Path) -> str:
    lines = [line for setting in settings for line in _setting_lines(setting, home)]
    return "\n".join([f"[{section}]", *lines] if section else lines)


def _setting_lines(setting: Setting, home: Path) -> list[str]:
    source = f"# {_short(setting.source, home)}"
    told = f"# {setting.key}" if setting.value is None else f"{setting.key:<17} = {toml(setting.value)}"
    gap = _SOURCE_COLUMN - width(told)
    if gap > 0:
        return [told + " " * gap + source]
    return [told, f"{source:>{min(_COLUMNS, _SOURCE_COLUMN + len(source))}}"]


def _short(source: Source, home: Path) -> str:
    """Return the source, with a path below the home folder written as a shell takes it."""
    path = Path(source.name)
    if source.kind == "file" and path.is_relative_to(home):
        source = Source("file", f"~/{path.relative_to(home)}", source.line)
    return str(source)


def toml(value: Any) -> str:
    """Return a value of a setting as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    return str(value)


def example(system: Path, ids: Iterable[str]) -> str:
    """Return a file with every setting as a comment: what it means, and its default. `ids` are those of `[keys]`."""
    top = _comment(_INTRODUCTION.format(system=system))
    return "\n\n".join([top, *(_example_section(section, ids) for section in SECTIONS)]) + "\n"


def _example_section(section: str, ids: Iterable[str]) -> str:
    if section == KEYS:
        return f'[keys]\n{_comment(_KEYS + ", ".join(sorted(ids)) + ".")}\n#rescan = "f5"'
    settings = _of(default_settings(), section)
    told = [_example_setting(setting.section, setting.key, setting.value) for setting in settings]
    return "\n\n".join([f"[{section}]\n{told[0]}" if section else told[0], *told[1:]])


def _example_setting(section: str, key: str, value: Any) -> str:
    shown = _EXAMPLES.get((section, key), value)
    return f"# {MEANINGS[section, key]}\n#{key} = {toml(shown)}"


def _comment(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 78, initial_indent="# ", subsequent_indent="# ")
