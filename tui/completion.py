"""Completion in a shell: what is offered besides options and commands, and how bash gets it.

It is quick, says nothing when something is wrong, and starts no engine.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

if TYPE_CHECKING:
    import click

    from core.model.device import DeviceView
    from tui.attach import Place

VARIABLE = "_CAMTRUST_COMPLETE"

_PATIENCE = 0.5
# A name comes from the device: one that a shell could take for more than a word is not offered, only its address is.
_HARMLESS = re.compile(r"[\w.@+][\w .@+-]*")


class Bash(BashComplete):
    """For bash, which breaks words at colons, as in addresses with a port, and quotes nothing by itself."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one to complete, and that one, with colons in them."""
        words = split_arg_string(os.environ["COMP_WORDS"])
        before = words[1 : int(os.environ["COMP_CWORD"])]
        last = words[len(before) + 1 : len(before) + 2]
        whole = joined([*before, *(last or [""])])
        return whole[:-1], whole[-1]

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return a value as bash takes it: quoted, and without what is before the colon."""
        _, typed = self.get_completion_args()
        prefix = typed.rpartition(":")[0]
        value = item.value.removeprefix(f"{prefix}:") if prefix else item.value
        # The script's `read` takes one level of backslashes away.
        escaped = quoted(value).replace("\\", "\\\\")
        return f"{item.type},{escaped}"


def joined(words: list[str]) -> list[str]:
    """Return words of bash's with those put together again that it broke at a colon."""
    whole: list[str] = []
    for word in words:
        if whole and (word == ":" or whole[-1].endswith(":")):
            whole[-1] += word
        else:
            whole.append(word)
    return whole


def quoted(value: str) -> str:
    """Return a value as bash reads it back as one word."""
    return re.sub(r"([^\w.,:/@%+=~-])", r"\\\1", value)


def use_own_bash() -> None:
    """Have click answer bash by the class above."""
    add_completion_class(Bash)


def devices(context: click.Context, begun: str) -> list[CompletionItem[str]]:
    """Return the names, addresses and ids that begin so, of an engine's devices; none where no engine runs."""
    from tui.attach import Options

    root = context.find_root().params
    options = Options(root.get("state_dir"), root.get("socket"))
    try:
        known = _devices(options.place())
    except Exception:  # noqa: BLE001 - whoever types has no use for an error in the middle of a line
        return []
    return [item for item in _items(known) if item.value.casefold().startswith(begun.casefold())]


def _devices(place: Place) -> tuple[DeviceView, ...]:
    import asyncio

    return asyncio.run(asyncio.wait_for(_listed(place), _PATIENCE))


async def _listed(place: Place) -> tuple[DeviceView, ...]:
    from core.model.messages import Devices, ListDevices, Role
    from core.service.client import Client

    async with await Client.connect(place.socket, role=Role.VIEWER) as client:
        result = await client.ask(ListDevices())
    return result.devices if isinstance(result, Devices) else ()


def _items(known: tuple[DeviceView, ...]) -> list[CompletionItem[str]]:
    told = []
    for device in known:
        name = device.name if _HARMLESS.fullmatch(device.name) else None
        told += [(name, device.address), (device.address, name), (device.id, name)]
    return [CompletionItem(value, help=help_) for value, help_ in dict(told).items() if value]
