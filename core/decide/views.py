"""Devices as clients see them: one row for each, whether added or only found."""

from collections.abc import Iterable

import msgspec

from core.decide import streaming
from core.decide.addresses import show_address
from core.decide.identity import Found, Said
from core.decide.trust import MISSES_UNTIL_OFFLINE, Health, certificate_field
from core.model.device import Attention, AttentionKind, CertificateView, Connection, DeviceView
from core.model.records import DeviceRecord
from core.model.sighting import Kind

_RANK = {kind: rank for rank, kind in enumerate(AttentionKind)}


class Live(msgspec.Struct, frozen=True):
    """What changes about an added device while the engine runs. `since` is when its connection last changed."""

    health: Health
    since: str
    step: int | None = None
    steps: int | None = None
    last_check: str | None = None


def added_view(
    device: DeviceRecord,
    live: Live,
    certificate: CertificateView | None,
    rows: tuple[Found, ...] = (),
    notes: tuple[Attention, ...] = (),
    addresses: tuple[str, ...] = (),
) -> DeviceView:
    """Return the row of an added device.

    `certificate` is the stored one, `notes` what else there is to tell of it. `rows` are what discovery says of it: at
    its own address, or where it may have moved to, or where somebody claims to be it. `addresses` are those that its
    host stands for, where that is a name.
    """
    view = DeviceView(
        id=device.id,
        name=device.name,
        address=show_address(device.host, device.port, device.scheme),
        connection=live.health.connection if live.step is None else Connection.ADDING,
        certificate_field=certificate_field(device.scheme, device.pin.origin if device.pin else None),
        fingerprint=device.pin.fingerprint if device.pin else None,
        not_after=certificate.not_after or None if certificate else None,
        issuer=certificate.issuer or None if certificate else None,
        origin=device.pin.origin if device.pin else None,
        video=streaming.shown(device),
        host=device.host,
        port=device.port,
        step=live.step,
        steps=live.steps,
        last_check=live.last_check,
        since=live.since,
        tls=device.tls or None,
        presented=device.presented,
        presented_at=_presented_at(device),
        silent=live.health.connection is Connection.BLOCKED and live.health.misses >= MISSES_UNTIL_OFFLINE,
    )
    view = _announced(view, device, rows, {device.host, *addresses})
    return view if live.step is not None else _noted(view, (*device.attention, *notes, live.health.problem))


def _announced(view: DeviceView, device: DeviceRecord, rows: tuple[Found, ...], home: set[str]) -> DeviceView:
    """Return the row with what it is and where; what the device said itself goes before what is said at its `home`."""
    found = next((row for row in rows if not home.isdisjoint(row.addresses)), None)
    return msgspec.structs.replace(
        view,
        model=device.model or (found.model if found else "") or None,
        manufacturer=device.manufacturer or (found.manufacturer if found else "") or None,
        firmware=device.firmware or None,
        serial=device.serial or (found.serial if found else "") or None,
        found_by=_found_by(found.said if found else ()),
        addresses=tuple(dict.fromkeys(address for row in rows for address in row.addresses)),
        kind=found.kind if found else Kind.UNKNOWN,
    )


def _noted(view: DeviceView, notes: Iterable[Attention | None]) -> DeviceView:
    """Return the row with what a person has to do first, if anything."""
    first = worst(filter(None, notes))
    if first is None:
        return view
    return msgspec.structs.replace(view, attention=first.text, attention_kind=first.kind, attention_hint=first.hint)


def found_view(found: Found) -> DeviceView:
    """Return the row of a device that is not added.

    Its address, which is also what it is added by, names a port only where that is announced for HTTPS: an HTTP port
    would mean that HTTP is wanted.
    """
    port = next((port for scheme, port in found.ports if scheme == "https"), None)
    return DeviceView(
        id=found.key,
        name=found.name or found.model or found.address,
        address=show_address(found.address, port, "https"),
        connection=Connection.DISCOVERED,
        model=found.model or None,
        manufacturer=found.manufacturer or None,
        serial=found.serial or None,
        host=found.address,
        port=port,
        found_by=_found_by(found.said),
        addresses=found.addresses,
        kind=found.kind,
    )


def worst(attentions: Iterable[Attention]) -> Attention | None:
    """Return what to tell first, None where nothing is to be done."""
    return min(attentions, key=lambda attention: _RANK[attention.kind], default=None)


def _found_by(said: tuple[Said, ...]) -> tuple[str, ...]:
    return tuple(f"{source} ({_ports(ports)})" if ports else source for source, ports in said)


def _ports(ports: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{scheme.upper()} {port}" for scheme, port in ports)


def _presented_at(device: DeviceRecord) -> str | None:
    return show_address(device.presented_host, device.presented_port) if device.presented_host else None
