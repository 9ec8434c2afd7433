"""Which rows the clients see as devices are added, found, moved and lost."""

import msgspec
import pytest

from core.engine.board import Board
from core.engine.registry import Registry
from core.model.device import Connection, Origin
from core.model.messages import Status
from core.model.records import DeviceRecord, Pin
from core.model.sighting import Kind, Sighting

A, B, A6 = "10.0.0.1", "10.0.0.2", "fe80::1%eth0"
MAC = "00:40:8c:00:00:01"


@pytest.fixture
def board() -> Board:
    return Board(lambda: Status("gw", "0", 1))


@pytest.fixture
def registry(board: Board) -> Registry:
    return Registry(board, 30)


def lobby(**known: object) -> DeviceRecord:
    return DeviceRecord(id="d1", name="Lobby", added_at="", added_by="", **{"host": A, **known})  # type: ignore[arg-type]


def seen(address: str, **said: object) -> Sighting:
    return Sighting("mDNS", address, "eth0", **said)  # type: ignore[arg-type]


def addresses(board: Board) -> tuple[str, ...]:
    return board.devices["d1"].addresses


def found(board: Board) -> set[str]:
    return {view.host for view in board.devices.values() if view.connection is Connection.DISCOVERED}


async def test_all_addresses_of_an_added_device_are_its_one_row(board: Board, registry: Registry) -> None:
    registry.hear(seen(A, mac=MAC))
    registry.hear(seen(A6, mac=MAC))
    assert [view.addresses for view in board.devices.values()] == [(A, A6)]
    registry.put(lobby())
    assert [(view.id, view.addresses) for view in board.devices.values()] == [("d1", (A, A6))]
    registry.remove("d1")
    assert found(board) == {A}


async def test_an_identity_that_is_learnt_takes_its_row_in_and_one_that_is_given_up_lets_it_go(
    board: Board, registry: Registry
) -> None:
    registry.put(lobby())
    registry.hear(seen(B, mac=MAC))
    assert found(board) == {B}
    registry.put(lobby(mac=MAC))
    assert found(board) == set()
    assert addresses(board) == (B,)
    assert registry.claims(registry.devices["d1"]) == (registry.found(B),)
    registry.put(lobby())
    assert found(board) == {B}
    assert addresses(board) == ()


async def test_what_discovery_told_of_an_added_device_goes_with_its_farewell(board: Board, registry: Registry) -> None:
    registry.put(lobby(mac=MAC))
    registry.hear(seen(A, ports=(("https", 8443),)))
    registry.hear(seen(B, mac=MAC))
    assert addresses(board) == (A, B)
    assert board.devices["d1"].found_by == ("mDNS (HTTPS 8443)",)
    registry.hear(seen(A, gone=True))
    assert addresses(board) == (B,)
    registry.hear(seen(B, gone=True))
    assert not addresses(board)
    assert not board.devices["d1"].found_by


async def test_what_claims_to_be_a_device_elsewhere_tells_nothing_of_its_model_and_kind(
    board: Board, registry: Registry
) -> None:
    registry.put(lobby(mac=MAC))
    registry.hear(seen(B, mac=MAC, model="X1", manufacturer="Evil", serial="S666", kind=Kind.OTHER))
    view = board.devices["d1"]
    assert (view.model, view.manufacturer, view.serial, view.kind) == (None, None, None, Kind.UNKNOWN)
    assert view.addresses == (B,)
    registry.locate("lobby.example", (B,))
    registry.put(lobby(mac=MAC, host="lobby.example"))
    assert board.devices["d1"].model == "X1"


async def test_a_row_that_is_about_two_added_devices_is_told_at_both(board: Board, registry: Registry) -> None:
    registry.put(lobby())
    registry.put(DeviceRecord(id="d2", name="Hall", host=B, added_at="", added_by=""))
    registry.hear(seen(A, mac=MAC))
    registry.hear(seen(B, mac=MAC))
    assert {view.id: view.addresses for view in board.devices.values()} == {"d1": (A, B), "d2": (B, A)}
    assert registry.take_named() == {"d1", "d2"}


async def test_strangers_never_push_an_added_device_out_of_view(board: Board, registry: Registry) -> None:
    registry.put(lobby(mac=MAC))
    registry.hear(seen(B, mac=MAC, ports=(("https", 443),)))
    for number in range(6000):
        registry.hear(seen(f"10.1.{number // 256}.{number % 256}", endpoint=f"urn:uuid:{number:x}"))
    assert addresses(board) == (B,)
    assert len(board.devices) == 4096


async def test_a_name_takes_the_rows_of_its_addresses_in_and_lets_go_of_those_that_it_leaves(
    board: Board, registry: Registry
) -> None:
    registry.hear(seen(A))
    registry.hear(seen(B))
    registry.put(lobby(host="lobby.example"))
    assert found(board) == {A, B}
    registry.locate("lobby.example", (A,))
    assert (found(board), addresses(board)) == ({B}, (A,))
    assert registry.found("lobby.example") == registry.found(A)
    registry.locate("lobby.example", (A6, B))
    assert (found(board), addresses(board)) == ({A}, (B,))
    registry.remove("d1")
    assert found(board) == {A, B}


async def test_two_with_one_certificate_are_told_as_long_as_both_are_there(board: Board, registry: Registry) -> None:
    pin = Pin("ab" * 32, Origin.DEVICE, "", "")
    other = msgspec.structs.replace(lobby(host=B, pin=pin), id="d2", name="Hall")
    registry.put(lobby(pin=pin))
    registry.put(other)
    assert board.devices["d2"].attention == f"Same certificate as Lobby ({A})"
    registry.remove("d1")
    registry.put(other)
    assert board.devices["d2"].attention_kind is None
