"""What this technician's screens look like, and which keys they have: what was typed, the environment, files."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.model.config import Config
    from core.service.settings import Setting, Settings, Source
    from tui.attach import Options


@dataclass(frozen=True)
class ScreenOptions:
    """The settings of `[screen]` as they were typed, or set in the environment; None is what was not.

    `environment` are the names of those that come from there.
    """

    theme: str | None = None
    ascii: bool | None = None
    mouse: bool | None = None
    slow: bool | None = None
    read_only: bool | None = None
    environment: frozenset[str] = frozenset()

    def settings(self) -> Iterator[Setting]:
        """Yield them with where each comes from."""
        from core.service.settings import Setting

        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "environment" and value is not None:
                yield Setting("screen", field.name, value, self._source(field.name, value))

    def _source(self, name: str, value: Any) -> Source:
        from core.service.settings import Source

        if name in self.environment:
            return Source("environment", f"CAMTRUST_{name.upper()}")
        return Source("option", f"--{'no-' if value is False else ''}{name.replace('_', '-')}")


def preferences(options: Options, system: Path | None = None) -> Config:
    """Return the settings that count here, keys named as the screens take them.

    Raises `UsageError` where a file holds something that is none.
    """
    import msgspec

    from core.service.settings import as_config

    settings = effective(options, system)
    return msgspec.structs.replace(as_config(settings), keys=_checked_keys(settings))


def effective(options: Options, system: Path | None = None) -> Settings:
    """Return every setting that counts here and where it comes from; `system` is the machine's file unless given.

    Raises `UsageError` as `preferences` does.
    """
    from core.service.paths import SYSTEM_CONFIG
    from core.service.settings import load_settings, merged

    config = options.config and options.config.absolute()
    settings = merged(load_settings(config, system=system or SYSTEM_CONFIG), _typed(options))
    _checked_keys(settings)
    return settings


def _typed(options: Options) -> Iterator[Setting]:
    from core.service.settings import Setting, Source, check_interfaces

    if options.interfaces:
        yield Setting("", "interfaces", check_interfaces(options.interfaces), Source("option", "--interface"))
    if options.screen is not None:
        yield from options.screen.settings()


def _checked_keys(settings: Settings) -> dict[str, str]:
    """Return the keys of `[keys]`. Raises `UsageError` where one is wrong, naming where it stands."""
    from tui.keys import check_keys

    keys = [setting for setting in settings.values() if setting.section == "keys"]
    return check_keys(
        {setting.key: setting.value for setting in keys}, {setting.key: str(setting.source) for setting in keys}
    )
