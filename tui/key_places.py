"""Which keys can be pressed at the same time: a screen, and what has the focus on it. Loads all screens."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from tui.app import CamtrustApp
from tui.keys import VERBS, key_name
from tui.screens.add import AddDialog
from tui.screens.certificate import CertificateScreen
from tui.screens.confirm import Confirm
from tui.screens.devices import DevicesScreen
from tui.screens.events import EventsScreen
from tui.screens.help import HelpScreen
from tui.screens.install import InstallScreen
from tui.screens.notice import Notice
from tui.screens.palette import PaletteDialog
from tui.screens.people import PeopleScreen
from tui.screens.preflight import PreflightScreen
from tui.screens.preflight_dialog import PreflightDialog
from tui.screens.queue import QueueScreen
from tui.screens.replace import ReplaceDialog
from tui.screens.rollout import Members, RolloutScreen
from tui.screens.rollout_dialog import RolloutDialog
from tui.screens.save import NameDialog
from tui.screens.scan import ScanDialog
from tui.widgets.body import Body
from tui.widgets.choices import Choices
from tui.widgets.decision import Choice, Decision, Typed
from tui.widgets.device_table import DeviceTable
from tui.widgets.drawer import Drawer
from tui.widgets.filter_line import FilterLine, Words
from tui.widgets.inputs import Field, Tick

PLACES: tuple[tuple[type[Screen[Any]], tuple[type[DOMNode], ...]], ...] = (
    (DevicesScreen, (DeviceTable,)),
    (DevicesScreen, (Drawer,)),
    (DevicesScreen, (FilterLine, Words)),
    (CertificateScreen, (Body,)),
    (CertificateScreen, (Decision, Choice)),
    (CertificateScreen, (Decision, Typed)),
    (QueueScreen, (Choices,)),
    (RolloutScreen, (Members,)),
    *((screen, (Body,)) for screen in (EventsScreen, HelpScreen, InstallScreen, PeopleScreen, PreflightScreen)),
    *(
        (dialog, (widget,))
        for dialog in (AddDialog, ReplaceDialog, RolloutDialog, PreflightDialog)
        for widget in (Field, Tick)
    ),
    *((dialog, (Field,)) for dialog in (NameDialog, ScanDialog, PaletteDialog)),
    (Confirm, ()),
    (Notice, ()),
)
"""Every screen, with what leads from it to each widget that has keys of its own."""


def declared(node: type) -> Iterator[Binding]:
    """Yield the bindings that a class of ours declares or inherits from one of ours; the nearest of each key."""
    keys: dict[str, Binding] = {}
    for base in reversed(node.__mro__):
        if base.__module__.startswith("tui."):
            keys |= {binding.key: binding for binding in Binding.make_bindings(base.__dict__.get("BINDINGS", ()))}
    yield from keys.values()


def pressed(nodes: Iterable[type], own: Mapping[str, str]) -> dict[str, list[str]]:
    """Return by key what it does where all these are live, the nearest last, with the keys that are `own`."""
    told: dict[str, list[str]] = {}
    for node in nodes:
        for verb in dict.fromkeys(binding.id for binding in declared(node) if binding.id):
            keys = own[verb].split(",") if verb in own else _default_keys(node, verb)
            for key in keys:
                if verb not in told.setdefault(key, []):
                    told[key].append(verb)
    return told


def _default_keys(node: type, verb: str) -> Iterable[str]:
    return [binding.key for binding in declared(node) if binding.id == verb]


def clash(own: Mapping[str, str]) -> tuple[str, str, str] | None:
    """Return which key would do two things in one place: the id of one, and in words, title and hint; None for none.

    Two that share a key as they are, as where the drawer saves with the key that shows events elsewhere, may.
    """
    for screen, widgets in PLACES:
        for key, verbs in pressed((CamtrustApp, screen, *widgets), own).items():
            for first, second in combinations(verbs, 2):
                if own.keys() & {first, second} and not _share(key, first, second):
                    title = f"{key_name(key)} would do two things, '{first}' and '{second}'"
                    hint = f"One is: {VERBS[first].meaning}. The other: {VERBS[second].meaning}."
                    return (first if first in own else second), title, hint
    return None


def _share(key: str, *verbs: str) -> bool:
    return all(key in VERBS[verb].keys.split(",") for verb in verbs)
