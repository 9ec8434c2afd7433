"""Sightings as tests make them, and the rows that follow from them."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from core.decide.identity import Found, marks_of_device, marks_of_row
from core.decide.rows import Sightings
from core.model.records import DeviceRecord
from core.model.sighting import Kind, Sighting

A, B, C, A6 = "10.0.0.1", "10.0.0.2", "10.0.0.10", "fe80::1%eth0"
ONE, TWO = "urn:uuid:1", "urn:uuid:2"
MAC, OTHER_MAC = "00:40:8c:00:00:01", "00:40:8c:00:00:02"
KEY, OTHER_KEY = "ab" * 32, "cd" * 32

ADDRESSES = [*(f"10.0.0.{number}" for number in range(1, 9)), "fe80::1%eth0", "fe80::2%eth0", "fd00::1"]
SIGHTING = st.builds(
    Sighting,
    source=st.sampled_from(["WS-Discovery", "mDNS", "SSDP", "scan"]),
    address=st.sampled_from(ADDRESSES),
    interface=st.sampled_from(["10.0.0.254", "192.168.1.254"]),
    endpoint=st.sampled_from(["", "", ONE, TWO, "urn:uuid:3", "10.0.0.3"]),
    udn=st.sampled_from(["", "", "uuid:a", "uuid:b"]),
    mac=st.sampled_from(["", "", MAC, OTHER_MAC, "00:00:00:00:00:00"]),
    serial=st.sampled_from(["", "", "S001", "S002", "0"]),
    key=st.sampled_from(["", "", KEY, OTHER_KEY]),
    manufacturer=st.sampled_from(["", "AXIS", "Axis AB", "Bosch"]),
    ports=st.sampled_from([(), (("http", 80),), (("https", 443), ("http", 80)), (("https", 8443),)]),
    path=st.sampled_from(["", "/onvif"]),
    name=st.sampled_from(["", "Door", "Gate"]),
    kind=st.sampled_from(Kind),
    gone=st.just(False),
)
FAREWELL = st.builds(
    Sighting,
    source=st.just("mDNS"),
    address=st.sampled_from(ADDRESSES),
    interface=st.just(""),
    gone=st.just(True),
)


def seen(address: str, endpoint: str = "", source: str = "WS-Discovery", **said: object) -> Sighting:
    return Sighting(source=source, address=address, interface="10.0.0.254", endpoint=endpoint, **said)  # type: ignore[arg-type]


def table(sightings: Iterable[Sighting]) -> Sightings:
    all_rows = Sightings()
    for sighting in sightings:
        all_rows.add(sighting)
    return all_rows


def rows(sightings: Iterable[Sighting]) -> dict[str, Found]:
    return dict(table(sightings).rows)


def row(*sightings: Sighting) -> Found:
    [found] = rows(sightings).values()
    return found


def parted(sightings: Iterable[Sighting]) -> list[tuple[str, ...]]:
    return sorted(found.addresses for found in rows(sightings).values())


def added(**known: object) -> DeviceRecord:
    return DeviceRecord(id="d1", name="Lobby", added_at="", added_by="", **{"host": "", **known})  # type: ignore[arg-type]


def matches(found: Found, device: DeviceRecord) -> bool:
    return not marks_of_row(found).isdisjoint(marks_of_device(device))


def shuffled(sightings: Sequence[Sighting], data: st.DataObject) -> list[Sighting]:
    """What one source says about one address has an order, because the newest counts; nothing else has."""
    order = data.draw(st.permutations([(sighting.address, sighting.source) for sighting in sightings]))
    told: defaultdict[tuple[str, str], deque[Sighting]] = defaultdict(deque)
    for sighting in sightings:
        told[sighting.address, sighting.source].append(sighting)
    return [told[key].popleft() for key in order]
