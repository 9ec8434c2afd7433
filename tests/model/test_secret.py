import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import msgspec
import pytest

from core.model.messages import AddDevices, Request, decode_from_client, encode_line
from core.model.records import Login
from core.model.secret import Secret, decode_secret, encode_secret

SECRET = Secret("canary-4711")


def shown_by_logging(secret: Secret) -> str:
    record = logging.LogRecord("x", logging.INFO, "x", 1, "login %s %r", (secret, secret), None)
    return logging.Formatter().format(record)


def shown_by_traceback(secret: Secret) -> str:
    try:
        raise ValueError(secret)
    except ValueError as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        ascii,
        lambda secret: f"{secret} {secret!r} {secret:>20}",
        lambda secret: f"{secret!s}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        lambda secret: repr([secret, {"password": secret}]),
        lambda secret: repr(Login("admin", secret)),
        lambda secret: repr(AddDevices(addresses=("h",), user="admin", password=secret)),
        lambda secret: repr(Request(1, AddDevices(addresses=("h",), password=secret))),
        lambda secret: json.dumps(secret, default=str),
        shown_by_logging,
        shown_by_traceback,
    ],
)
def test_a_secret_never_shows(show: Callable[[Secret], str]) -> None:
    shown = show(SECRET)
    assert "***" in shown
    assert "canary" not in shown


@pytest.mark.parametrize(
    "copy_it", [pickle.dumps, copy.copy, copy.deepcopy, lambda secret: pickle.dumps({"p": secret})]
)
def test_a_secret_is_neither_pickled_nor_copied(copy_it: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError, match="never pickled"):
        copy_it(SECRET)


def test_a_secret_has_no_attributes_to_dump_and_takes_none() -> None:
    assert not hasattr(SECRET, "__dict__")
    with pytest.raises(AttributeError):
        SECRET.note = "x"  # type: ignore[attr-defined]


def test_secrets_are_equal_by_their_text_and_never_to_a_string() -> None:
    assert Secret("canary-4711") == SECRET and hash(SECRET) == hash(Secret("canary-4711"))
    assert Secret("other") != SECRET
    assert SECRET != "canary-4711"
    assert SECRET.reveal() == "canary-4711"


def test_a_secret_crosses_the_engines_socket_and_comes_out_as_one() -> None:
    line = encode_line(Request(1, AddDevices(addresses=("h",), user="admin", password=SECRET)))
    request = decode_from_client(line)
    assert isinstance(request, Request) and isinstance(request.command, AddDevices)
    assert request.command.password == SECRET
    assert isinstance(request.command.password, Secret)


@pytest.mark.parametrize("password", [b"1", b"[]", b'{"_text":"x"}', b"true"])
def test_only_a_string_becomes_a_secret(password: bytes) -> None:
    line = b'{"type":"request","seq":1,"command":{"type":"add","addresses":["h"],"password":' + password + b"}}"
    with pytest.raises(msgspec.DecodeError):
        decode_from_client(line)


def test_the_hooks_know_nothing_else() -> None:
    with pytest.raises(NotImplementedError):
        encode_secret(object())
    with pytest.raises(NotImplementedError):
        decode_secret(int, "1")
