import random

import pytest

from core.decide.identity import (
    MOST_NAMES,
    Found,
    Identity,
    Index,
    Names,
    claimed_by,
    maker,
    marks_of_device,
    marks_of_row,
    usable,
)
from core.model.records import DeviceRecord
from core.model.sighting import Sighting

A, B = "10.0.0.1", "10.0.0.2"
MAC = "00:40:8c:01:02:03"


def device(**known: object) -> DeviceRecord:
    return DeviceRecord(id="d1", name="Lobby", host=A, added_at="", added_by="", **known)  # type: ignore[arg-type]


def matches(found: Found, device: DeviceRecord) -> bool:
    return not marks_of_row(found).isdisjoint(marks_of_device(device))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Identity.ENDPOINT, "urn:uuid:4d4f", "urn:uuid:4d4f"),
        (Identity.ENDPOINT, " http://cam/Id ", "http://cam/Id"),
        (Identity.UDN, "uuid:4D4F", "uuid:4d4f"),
        (Identity.MAC, "00:40:8C:01:02:03", MAC),
        (Identity.SERIAL, " ACCC8E010203 ", "accc8e010203"),
        (Identity.KEY, "ab" * 32, "ab" * 32),
    ],
)
def test_an_identity_has_one_way_of_writing(kind: Identity, text: str, value: str) -> None:
    assert usable(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((kind, text) for kind in Identity for text in ("", " ", "0", "unknown", "None", "N/A", A, "fe80::1%eth0")),
        (Identity.ENDPOINT, "urn:uuid:00000000-0000-0000-0000-000000000000"),
        (Identity.ENDPOINT, "urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff"),
        (Identity.UDN, "uuid:00000000-0000-0000-0000-000000000000"),
        (Identity.MAC, "00:00:00:00:00:00"),
        (Identity.MAC, "ff:ff:ff:ff:ff:ff"),
        (Identity.MAC, "01:00:5e:00:00:01"),
        (Identity.MAC, "00:40:8c:01:02"),
        (Identity.MAC, "00408c010203"),
        (Identity.SERIAL, "ABC"),
        (Identity.SERIAL, "xxxxxxxx"),
        (Identity.SERIAL, "0000000000"),
        (Identity.SERIAL, "123456789"),
        (Identity.SERIAL, "To be filled by O.E.M."),
    ],
)
def test_what_is_the_same_in_many_devices_is_no_identity(kind: Identity, text: str) -> None:
    assert usable(kind, text) == ""


def test_a_sighting_claims_only_what_it_tells() -> None:
    told = Sighting("mDNS", A, "eth0", endpoint="urn:uuid:4d4f", serial="0", mac=MAC.upper())
    assert claimed_by(told) == {Identity.ENDPOINT: "urn:uuid:4d4f", Identity.MAC: MAC}


@pytest.mark.parametrize("name", ["AXIS", "Axis Communications AB", "axis, Inc."])
def test_a_maker_is_known_by_the_first_word_of_its_name(name: str) -> None:
    assert maker(name) == "axis"


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, Found("x", B, addresses=(B, A))),
        ({"endpoint": "urn:uuid:4d4f"}, Found("x", B, addresses=(B,), identities=(("endpoint", "urn:uuid:4d4f"),))),
        ({"mac": MAC}, Found("x", B, addresses=(B,), identities=(("mac", MAC),))),
        (
            {"serial": "ACCC8E010203", "manufacturer": "AXIS"},
            Found("x", B, addresses=(B,), identities=(("serial", "axis/accc8e010203"),)),
        ),
        ({"serial": "ACCC8E010203"}, Found("x", B, addresses=(B,), identities=(("serial", "/accc8e010203"),))),
    ],
)
def test_a_row_is_about_an_added_device_by_its_host_or_any_identity(known: dict[str, str], found: Found) -> None:
    assert matches(found, device(**known))


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, Found("x", B, addresses=(B,))),
        ({"serial": "0", "mac": "00:00:00:00:00:00"}, Found("x", B, serial="0", addresses=(B,))),
        # Told, but not by this row alone.
        ({"endpoint": "urn:uuid:4d4f"}, Found("x", B, endpoint="urn:uuid:4d4f", addresses=(B,))),
        # Two makers may well use the same number.
        (
            {"serial": "ACCC8E010203", "manufacturer": "Bosch"},
            Found("x", B, addresses=(B,), identities=(("serial", "axis/accc8e010203"),)),
        ),
        ({"mac": MAC}, Found("x", B, addresses=(B,), identities=(("serial", MAC),))),
    ],
)
def test_a_row_is_not_about_an_added_device_by_anything_less(known: dict[str, str], found: Found) -> None:
    assert not matches(found, device(**known))


def test_the_index_finds_exactly_what_matches() -> None:
    choose = random.Random(1)
    index, rows = Index(), dict[str, Found]()
    devices = [device(endpoint=f"urn:uuid:{number:04x}", mac=f"00:40:8c:00:00:{number:02x}") for number in range(1, 20)]
    for _ in range(2000):
        key, number = f"row {choose.randrange(30)}", choose.randrange(1, 40)
        if choose.random() < 0.2:
            rows.pop(key, None)
            index.put(key)
        else:
            endpoint, mac = ("endpoint", f"urn:uuid:{number:04x}"), ("mac", f"00:40:8c:00:00:{number // 2:02x}")
            address = f"10.0.0.{choose.randrange(1, 20)}"
            rows[key] = Found(key, address, addresses=(address,), identities=(endpoint, mac))
            index.put(key, marks_of_row(rows[key]))
        asked = choose.choice(devices)
        assert index.find(marks_of_device(asked)) == {key for key, row in rows.items() if matches(row, asked)}


def test_names_are_remembered_up_to_a_bound() -> None:
    names = Names()
    for number in range(MOST_NAMES + 1):
        names.put(f"cam-{number}", ("10.0.0.1",))
        names.put("cam-0", ("10.0.0.2",))
    assert (names.of("cam-0"), names.of("cam-1"), names.of("cam-2")) == (("10.0.0.2",), (), ("10.0.0.1",))
