"""Names of devices that clients hand over, as large as a request may be."""

import msgspec
import pytest

from core.engine.board import Board
from core.engine.registry import Registry
from core.model.errors import UnknownDeviceError
from core.model.messages import Status
from tests.store.samples import DEVICE


class Folding(str):
    """A text that counts how often all of it is gone through."""

    folded = 0

    def casefold(self) -> str:
        self.folded += 1
        return super().casefold()


def registry_of(count: int) -> Registry:
    registry = Registry(Board(lambda: Status(gateway="gw", version="0", pid=1)), 30)
    devices = [
        msgspec.structs.replace(DEVICE, id=f"d{number}", name=f"Gate {number}", pin=None) for number in range(count)
    ]
    registry.load(devices, [])
    return registry


def test_a_name_is_folded_once_and_not_once_for_each_device() -> None:
    registry, name = registry_of(100), Folding("GATE 99")
    assert registry.resolve(name).id == "d99"
    assert name.folded == 1


def test_an_unknown_name_is_told_in_a_length_that_can_be_read_and_without_what_steers_a_terminal() -> None:
    registry = registry_of(2)
    with pytest.raises(UnknownDeviceError) as raised:
        registry.resolve("\x1b[31m" + "x" * 100_000)
    assert len(raised.value.title) < 100
    assert raised.value.title.isprintable()
