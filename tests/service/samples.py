"""One of each command, made from nothing but the types of its fields."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import NoneType
from typing import Any, get_args, get_origin

import msgspec

import core.model
from core.model.messages import AnyCommand, Command

COMMANDS: tuple[type[Command], ...] = get_args(AnyCommand)


def sample(kind: type[Command], text: str = "x", *, flags: bool | None = None) -> dict[str, Any]:
    """Return a command as it is sent, with `text` for each text: the smallest, or, with `flags`, a value everywhere."""
    fields = [field for field in msgspec.structs.fields(kind) if field.required or flags is not None]
    plain = {bool: flags, int: 7, float: 7.0}
    return {"type": kind.__struct_config__.tag} | {field.name: _value(field.type, text, plain) for field in fields}


def defined() -> set[type[Command]]:
    """Return every class of command that the model has."""
    for module in pkgutil.iter_modules(core.model.__path__, "core.model."):
        import_module(module.name)
    return set(_below(Command))


def _value(kind: Any, text: str, plain: dict[type, Any]) -> Any:
    if get_origin(kind) is tuple:
        return [_value(get_args(kind)[0], text, plain)]
    if kinds := [choice for choice in get_args(kind) if choice is not NoneType]:
        return _value(kinds[0], text, plain)
    # What is none of these is sent as text, such as a secret.
    return plain.get(kind, text)


def _below(kind: type[Command]) -> Iterator[type[Command]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
