"""Keys: each thing has an id, the same everywhere; a technician's own are checked, and named wherever a key is."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import _character_to_key
from textual.screen import Screen
from textual.widgets import Input

import tui.screens
import tui.widgets
from core.model.errors import UsageError
from core.model.messages import Rescan
from tests.tui.driving import running
from tests.tui.engine import ScriptedEngine, added, blocked, found, over_http
from tui.app import CamtrustApp
from tui.engine_app import EngineApp
from tui.key_places import PLACES, declared, pressed
from tui.keys import EDITING, VERBS, check_keys, key_name, key_of, known_ids, parse_key, use_keys
from tui.screens.dialog import Dialog
from tui.screens.frame import Frame
from tui.summary import unnoticed
from tui.widgets.inputs import Field


def classes() -> Iterator[type[DOMNode]]:
    """Yield every screen and widget of the technician's screens, and the app."""
    yield from (EngineApp, CamtrustApp)
    for package in (tui.screens, tui.widgets):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, DOMNode) and value.__module__ == module.name:
                    yield value


def own_bindings(node: type[DOMNode]) -> list[Binding]:
    return list(Binding.make_bindings(node.__dict__.get("BINDINGS", ())))


@pytest.mark.parametrize("node", list(classes()), ids=lambda node: node.__name__)
def test_each_key_has_an_id_that_means_the_same_everywhere(node: type[DOMNode]) -> None:
    for binding in own_bindings(node):
        assert binding.id is not None
        assert binding.id in VERBS
        assert binding.key in VERBS[binding.id].keys.split(",")
        assert binding.description
        assert binding.tooltip or not binding.show
    assert len({binding.key for binding in own_bindings(node)}) == len(own_bindings(node))


@pytest.mark.parametrize("node", list(classes()), ids=lambda node: node.__name__)
def test_what_works_while_something_is_typed_is_known(node: type[DOMNode]) -> None:
    for binding in own_bindings(node):
        verb = VERBS[binding.id or ""]
        if binding.priority or issubclass(node, Input):
            assert verb.typing or verb.fixed


def test_every_screen_and_every_widget_with_keys_is_in_a_place() -> None:
    placed = {node for screen, widgets in PLACES for node in (screen, *widgets)}
    known = {base for node in placed for base in node.__mro__}
    for node in classes():
        if node.__dict__.get("BINDINGS") or (issubclass(node, Screen) and node not in (Frame, Dialog)):
            assert node in known or node in (EngineApp, CamtrustApp), node.__name__


@pytest.mark.parametrize(
    "place", PLACES, ids=lambda place: "-".join([place[0].__name__, *(n.__name__ for n in place[1])])
)
def test_no_key_does_two_things_but_where_a_widget_has_it_instead_of_its_screen(
    place: tuple[type[Screen[object]], tuple[type[DOMNode], ...]],
) -> None:
    screen, widgets = place
    assert all(len(verbs) == 1 for verbs in pressed((CamtrustApp, screen), {}).values())
    for widget in widgets:
        assert all(len(verbs) == 1 for verbs in pressed((widget,), {}).values())


def test_the_fields_own_keys_are_known() -> None:
    of_a_field = {binding.key for binding in Binding.make_bindings(Input.BINDINGS)}
    plain = {key for key in of_a_field if "shift" not in key and "super" not in key and key != "enter"}
    # Ctrl+F is ours in the dialogs, and Alt is on few keyboards what it is here.
    assert plain - {"ctrl+f", "alt+backspace", "ctrl+c"} <= EDITING
    assert not any(binding.id for binding in declared(Field))


def test_signs_are_named_as_textual_names_them() -> None:
    for sign in map(chr, range(33, 127)):
        assert parse_key(sign) == _character_to_key(sign)
        assert key_name(parse_key(sign)) == sign


@pytest.mark.parametrize(
    ("named", "key", "written"),
    [
        ("f5", "f5", "F5"),
        ("F5", "f5", "F5"),
        ("Ctrl+R", "ctrl+r", "Ctrl+R"),
        ("shift+ctrl+up", "ctrl+shift+up", "Ctrl+Shift+Up"),
        ("+", "plus", "+"),
        ("question_mark", "question_mark", "?"),
        ("R", "R", "R"),
        ("space", "space", "Space"),
    ],
)
def test_a_key_may_be_written_in_several_ways(named: str, key: str, written: str) -> None:
    assert parse_key(named) == key
    assert key_name(key) == written


@pytest.mark.parametrize(
    ("keys", "title", "hint"),
    [
        ({"rescn": "f5"}, "[keys]: 'rescn' is nothing that a key does", "Did you mean rescan?"),
        ({"zzzz": "f5"}, "[keys]: 'zzzz' is nothing that a key does", "The README lists what keys do"),
        ({"rescan": "f55"}, "[keys]: 'f55' is no key", "Did you mean f5?"),
        ({"rescan": "pgup"}, "[keys]: 'pgup' is no key", "Did you mean pageup?"),
        ({"rescan": ""}, "[keys]: '' is no key", ""),
        ({"rescan": "f5,"}, "[keys]: '' is no key", ""),
        ({"rescan": "shift+r"}, "[keys]: 'shift+r' is no key", "Write what it types, such as R."),
        ({"rescan": "hyper+r"}, "[keys]: 'hyper+r' is no key", ""),
        ({"rescan": "\x1b"}, "[keys]: '\x1b' is no key", ""),
        ({"rescan": "enter"}, "[keys]: Enter cannot be the key of 'rescan'", "It has to stay what it is."),
        ({"rescan": "ctrl+m"}, "[keys]: Ctrl+M cannot be the key of 'rescan'", "It has to stay what it is."),
        ({"quit": "ctrl+c"}, "[keys]: Ctrl+C cannot be the key of 'quit'", "It has to stay what it is."),
        ({"back": "f5"}, "[keys]: the key of 'back' cannot be another", "It stays Esc."),
        ({"decide": "f5"}, "[keys]: the key of 'decide' cannot be another", "It stays Enter."),
        ({"quit": "Q"}, "[keys]: Q cannot be the key of 'quit'", "That has to work while something is typed"),
        ({"fingerprints": "left"}, "[keys]: Left cannot be the key of 'fingerprints'", "That has to work"),
        ({"rescan": "e"}, "[keys]: e would do two things, 'events' and 'rescan'", "One is: what happened"),
        ({"only": "?"}, "[keys]: ? would do two things, 'help' and 'only'", ""),
        ({"rescan": "f5", "check": "f5"}, "[keys]: F5 would do two things", ""),
        ({"save": "k"}, "[keys]: k would do two things, 'up' and 'save'", "One is: a line up"),
    ],
)
def test_a_wrong_key_is_told(keys: dict[str, str], title: str, hint: str) -> None:
    with pytest.raises(UsageError) as told:
        check_keys(keys)
    assert told.value.title.startswith(title)
    assert told.value.hint.startswith(hint)


def test_it_is_told_where_a_wrong_key_was_set() -> None:
    for keys in ({"rescan": "nope"}, {"rescan": "e"}):
        with pytest.raises(UsageError, match=r"^config\.toml, line 7: "):
            check_keys(keys, {"rescan": "config.toml, line 7"})


def test_keys_may_be_exchanged_and_shared_between_screens() -> None:
    assert check_keys({"rescan": "C", "check": "R"}) == {"rescan": "C", "check": "R"}
    assert check_keys({"only": "e"}) == {"only": "e"}
    assert check_keys({"save": "e", "up": "up, w , +"}) == {"save": "e", "up": "up,w,plus"}


def test_all_ids_are_documented() -> None:
    document = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    rows = [line for line in document.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{verb}` | {' '.join(f'`{key_name(key)}`' for key in VERBS[verb].keys.split(','))} | {meaning} |"
        for verb, meaning in known_ids().items()
    ]


def test_a_key_is_named_as_it_is_now() -> None:
    use_keys({"review": "f7,V"})
    try:
        assert "F7 shows all." in unnoticed([blocked(14, "Dock")], 80)[0][0]
        assert (key_of("review"), key_of("add")) == ("F7", "a")
    finally:
        use_keys({})


REMAPPED = {"rescan": "f5", "replace": "f6", "help": "f1", "add": "ctrl+a", "certificate": "f8", "down": "w"}


async def test_other_keys_work_and_are_named_wherever_a_key_is(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(over_http(9, "Car park"), blocked(14, "Dock"), found(33, "AXIS"))
    async with running(tmp_path, engine, keys=check_keys(REMAPPED)) as run:
        await run.sees("Dock", "F8 Certificate", "F6 Replace")
        await run.press("R")
        assert Rescan() not in engine.asked
        await run.press("f5")
        await run.sees("The network is being asked again.")
        await run.press("I")
        await run.sees("Dock is blocked; decide about its certificate first (F8).")
        await run.press("w", "I")
        await run.sees("Car park is on plain HTTP; F6 Replace brings it to HTTPS.")
        await run.press("enter")
        await run.sees("F6 Replace.\n")
        await run.press("escape", "w", "r", "I")
        await run.sees("AXIS is not added yet; Ctrl+A adds it.")
        await run.press("f1")
        await run.sees("F5             Rescan", "F6             Replace")
        await run.press("pagedown")
        await run.sees("Move: Up k, w, PgUp Ctrl+B")
        await run.press("end")
        await run.sees("vouches for its certificate yet; F8\n")


async def test_a_key_that_was_given_away_does_no_more_what_it_did(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine, keys=check_keys({"leave": "z", "filter": "q"})) as run:
        await run.sees("Gate")
        await run.press("q")
        await run.sees("Filter", "Enter Keep")
        await run.press("escape", "e")
        await run.sees("Events, newest first")
        await run.press("q")
        await run.sees("Events, newest first")
        await run.press("z")
        await run.sees("Gate")
        await run.press("z")
        await run.until(lambda: not run.app.is_running)
