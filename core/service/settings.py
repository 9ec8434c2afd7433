"""The settings that count, and where each comes from.

What was typed counts more than the environment, that more than this account's `config.toml`, that more than the
system's, and that more than the defaults; each setting on its own.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from core.decide.interfaces import parse_interface
from core.model.config import Config
from core.model.errors import UsageError
from core.service.paths import SYSTEM_CONFIG
from core.service.setting_file import read_entries, unreadable, where
from core.service.setting_rules import KEYS, SECTIONS, TOP


class Source(msgspec.Struct, frozen=True):
    """Where a value comes from. `name` is a file's path, a variable or an option, empty for a default."""

    kind: Literal["default", "file", "environment", "option"] = "default"
    name: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """Return it as a person would name it."""
        return where(Path(self.name), self.line) if self.kind == "file" else self.name or self.kind


class Setting(msgspec.Struct, frozen=True):
    """A value and where it comes from. `section` is empty for what stands above the first one."""

    section: str
    key: str
    value: Any
    source: Source = Source()


Settings: TypeAlias = Mapping[tuple[str, str], Setting]
"""By section and key, in the order of the file; those of one section need not be together."""


def default_config_path() -> Path:
    """Return where this account's settings are, if it has any. Raises `UsageError` where it has no home folder."""
    from platformdirs import user_config_path

    try:
        return user_config_path("camtrust") / "config.toml"
    except RuntimeError:
        raise UsageError("This account has no home folder", "Set HOME, or give --config.") from None


def config_files(path: Path | None, system: Path = SYSTEM_CONFIG) -> tuple[Path, ...]:
    """Return the files that are looked for, the one that counts most last: `path` alone where one was named."""
    if path is not None:
        return (path,)
    with suppress(UsageError):
        return (system, default_config_path())
    return (system,)


def load_settings(path: Path | None, *, system: Path = SYSTEM_CONFIG) -> Settings:
    """Return every setting as defaults and files have it.

    A `path` must exist; of the two default places, which None stands for, none need. Raises `UsageError` naming file,
    line and key, and what is allowed there.
    """
    layers = [_from_file(file, optional=path is None) for file in config_files(path, system)]
    return merged(default_settings(), *layers)


def load_config(path: Path | None, *, system: Path = SYSTEM_CONFIG) -> Config:
    """Return the same as one value. Raises `UsageError` as `load_settings` does."""
    return as_config(load_settings(path, system=system))


def merged(settings: Settings, *layers: Iterable[Setting]) -> Settings:
    """Return the settings with what the layers have in their place, the later one counting more."""
    return {**settings, **{(setting.section, setting.key): setting for layer in layers for setting in layer}}


def as_config(settings: Settings) -> Config:
    """Return the values alone."""
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for setting in settings.values():
        values[setting.section][setting.key] = setting.value
    return msgspec.convert({**values.pop(TOP), **values}, Config)


def check_interfaces(interfaces: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses that were given on the command line. Raises `UsageError` where one is none."""
    return tuple(map(parse_interface, interfaces))


def default_settings() -> Settings:
    """Return every setting as it is where nothing sets it. Of `[keys]` there is none."""
    whole = msgspec.structs.asdict(Config())
    top = {key: value for key, value in whole.items() if key not in SECTIONS}
    sections = {name: msgspec.structs.asdict(whole[name]) for name in SECTIONS if name not in (TOP, KEYS)}
    return {
        (section, key): Setting(section, key, value)
        for section, values in {TOP: top, **sections}.items()
        for key, value in values.items()
    }


def _from_file(path: Path, *, optional: bool) -> list[Setting]:
    try:
        entries = read_entries(path)
    except FileNotFoundError as error:
        if optional:
            return []
        raise unreadable(path, error) from error
    return [Setting(entry.section, entry.key, entry.value, Source("file", str(path), entry.line)) for entry in entries]
