"""The plain commands, one subject a file. They say on stdout what was asked for, everything else on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

import click


class LateCommands(MutableMapping[str, click.Command]):
    """Commands by name. `places` tells where each is, `module:attribute`; it is imported once it is asked for."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._known: dict[str, str | click.Command] = dict(places)

    def __getitem__(self, name: str) -> click.Command:
        known = self._known[name]
        if isinstance(known, str):
            module, _, attribute = known.partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            self._known[name] = known = command
        return known

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._known[name] = command

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


IN_ORDER_OF_USE = {
    "list": "tui.commands.devices:list_devices",
    "show": "tui.commands.devices:show_device",
    "scan": "tui.commands.scan:scan",
    "preflight": "tui.commands.preflight:preflight",
    "add": "tui.commands.add:add",
    "rollout": "tui.commands.rollout:rollout",
    "check": "tui.commands.trust:check",
    "review": "tui.commands.trust:review_device",
    "accept": "tui.commands.trust:accept",
    "replace": "tui.commands.replace:replace_device",
    "reissue": "tui.commands.replace:reissue",
    "remove": "tui.commands.devices:remove_device",
    "export": "tui.commands.certificates:export",
    "events": "tui.commands.events:list_events",
    "monitor": "tui.commands.monitor:monitor",
    "authority": "tui.commands.certificates:authority",
    "engine": "tui.commands.engine:engine",
    "config": "tui.commands.config:config",
    "doctor": "tui.commands.doctor:doctor",
    "completion": "tui.commands.completion:completion",
    "man": "tui.commands.man:man",
    "demo": "tui.commands.demo:demo",
}
