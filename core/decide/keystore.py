"""What to do with a device's keystore: is there room, what to take back, what of ours to clear away.

Objects of ours are known by their alias, certificates also by their bytes; never by id alone, as devices use ids again
(ONVIF Security, Keystore). Nothing of others is ever touched.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from core.decide.certificates import common_name, fingerprint
from core.model.keystore import Inventory, KeystoreCapabilities, MadeKey, Way
from core.model.preflight import Slots

_PREFIX = "camtrust"


def alias_prefix(gateway: str) -> str:
    """Return what the aliases of everything begin with that this gateway, known by its DNS label, makes on devices."""
    return f"{_PREFIX}/{gateway}/"


def alias_of(certificate: str, der: bytes) -> str:
    """Return the alias of a certificate where there are none: its subject's name if that is one of ours, else its id.

    A device may follow the id that was proposed and not the subject, or the subject and not the id.
    """
    name = common_name(der)
    return name if name.startswith(f"{_PREFIX}/") else certificate


class Change(StrEnum):
    """A call that takes something back."""

    REPLACE_ASSIGNMENT = "replace assignment"
    ADD_ASSIGNMENT = "add assignment"
    REMOVE_ASSIGNMENT = "remove assignment"
    DELETE_PATH = "delete path"
    DELETE_CERTIFICATE = "delete certificate"
    DELETE_KEY = "delete key"


@dataclass(frozen=True, slots=True)
class Call:
    """One change to `target`; `instead` is the path to assign in its place."""

    change: Change
    target: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Ours:
    """How to know what one install made. `key` is the id of its key, which counts only if it was not in `keys_before`.

    Ids matter for devices that forget aliases. `makeshift` is the fingerprint of the certificate that the device made
    with the key.
    """

    alias: str
    candidate: bytes | None = None
    key: str = ""
    keys_before: frozenset[str] = frozenset()
    makeshift: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """Whether an install fits. `problem` says why not, in words; `old_path` is what is assigned now, if anything is."""

    old_path: str = ""
    problem: str = ""
    hint: str = ""


def key_ids(inventory: Inventory, way: Way) -> list[str]:
    """Return the ids of all keys; by the device service a key has the id of its certificate."""
    return [item.id for item in (inventory.keys if way is Way.KEYSTORE else inventory.certificates)]


def was_there(inventory: Inventory, key: MadeKey, way: Way) -> bool:
    """Tell whether a device that was asked for a new key answered with one that it had.

    A makeshift certificate that it did not have is new even where it took the id, and the place, of another one.
    """
    if key.makeshift:
        return any(item.der == key.makeshift for item in inventory.certificates)
    return key.id in key_ids(inventory, way)


def find_room(capabilities: KeystoreCapabilities, inventory: Inventory, leaf: bytes) -> Room:
    """Tell whether there is room for one key, one certificate and one path, and which path ours will replace.

    Of several assigned paths it is the one that serves `leaf`, else the first.
    """
    full = [
        f"{slots.kind} ({slots.used} of {slots.most})"
        for slots in room_for(capabilities, inventory)
        if slots.most and slots.used >= slots.most
    ]
    if full:
        return Room(
            problem=f"No room on the device: {', '.join(full)}",
            hint="Delete certificates or keys that are not in use in the camera's own settings, then try again.",
        )
    return Room(old_path=_serving(inventory, leaf))


def room_for(capabilities: KeystoreCapabilities, inventory: Inventory) -> tuple[Slots, ...]:
    """Return how much of each kind is in use, of how much there is.

    A key without its private part belongs to a stored authority, and does not count; a device that counts it
    nevertheless says so when it makes ours. By the device service all that counts is certificates.
    """
    certificates = Slots("certificates", len(inventory.certificates), capabilities.most_certificates)
    if capabilities.way is Way.DEVICE:
        return (certificates,)
    keys = sum(key.private is not False for key in inventory.keys)
    return (
        Slots("keys", keys, capabilities.most_keys),
        certificates,
        Slots("certification paths", len(inventory.paths), capabilities.most_paths),
    )


def cleared(inventory: Inventory, calls: Iterable[Call]) -> Inventory:
    """Return what is left after objects were deleted."""
    gone = {(call.change, call.target) for call in calls}
    return msgspec.structs.replace(
        inventory,
        keys=tuple(key for key in inventory.keys if (Change.DELETE_KEY, key.id) not in gone),
        certificates=tuple(item for item in inventory.certificates if (Change.DELETE_CERTIFICATE, item.id) not in gone),
        paths=tuple(path for path in inventory.paths if (Change.DELETE_PATH, path.id) not in gone),
    )


def _serving(inventory: Inventory, leaf: bytes) -> str:
    leaves = {certificate.id for certificate in inventory.certificates if certificate.der == leaf}
    paths = {path.id: path for path in inventory.paths}
    for assigned in inventory.assigned:
        if assigned in paths and leaves.intersection(paths[assigned].certificates[:1]):
            return assigned
    return inventory.assigned[0] if inventory.assigned else ""


def is_assigned(inventory: Inventory, ours: Ours) -> bool:
    """Tell whether a path that this install made is assigned to the TLS server."""
    return not _our_paths(inventory, ours).isdisjoint(inventory.assigned)


def take_back(inventory: Inventory, ours: Ours, old_path: str) -> tuple[Call, ...]:
    """Return the calls that undo one install: first the former path is assigned again, then ours goes.

    Some devices take the former one from the server, and then refuse ours.
    """
    paths = _our_paths(inventory, ours)
    former = old_path if old_path in _paths_of_others(inventory, paths) else ""
    calls = [_unassign(path, former) for path in inventory.assigned if path in paths]
    if former and not inventory.assigned:
        calls = [Call(Change.ADD_ASSIGNMENT, former)]
    return (*calls, *_deletions(inventory, paths, _our_certificates(inventory, ours), _our_keys(inventory, ours)))


def is_all_there_is(inventory: Inventory, ours: Ours, old_path: str) -> bool:
    """Tell whether the former path is gone, and the TLS server would have none without what this install made."""
    others = _paths_of_others(inventory, _our_paths(inventory, ours))
    return bool(old_path) and old_path not in others and others.isdisjoint(inventory.assigned)


def leftovers(
    inventory: Inventory, prefix: str, signed: Container[bytes] = (), *, keep: str = "", leaf: bytes = b""
) -> tuple[Call, ...]:
    """Return the calls that clear away what installs of this gateway left, but what is assigned or has alias `keep`.

    Nor does `leaf` go, which is what the device shows: not every one tells rightly what is assigned. `signed` are the
    certificates, raw, that earlier ones had signed, for devices that forget aliases.
    """

    def old(alias: str) -> bool:
        return alias.startswith(prefix) and alias != keep

    shown = {item.id for item in inventory.certificates if leaf and item.der == leaf}
    shows = {*inventory.assigned, *(path.id for path in inventory.paths if not shown.isdisjoint(path.certificates[:1]))}
    certificates = {item.id for item in inventory.certificates if old(item.alias) or item.der in signed} - shown
    paths = {
        path.id
        for path in inventory.paths
        if (old(path.alias) or not certificates.isdisjoint(path.certificates[:1])) and path.id not in shows
    }
    keys = {key.id for key in inventory.keys if old(key.alias)}
    return _deletions(inventory, paths, certificates, keys)


def _unassign(path: str, former: str) -> Call:
    return Call(Change.REPLACE_ASSIGNMENT, path, former) if former else Call(Change.REMOVE_ASSIGNMENT, path)


def _paths_of_others(inventory: Inventory, ours: Container[str]) -> set[str]:
    return {path.id for path in inventory.paths if path.id not in ours}


def _our_paths(inventory: Inventory, ours: Ours) -> set[str]:
    certificates = _our_certificates(inventory, ours)
    return {
        path.id
        for path in inventory.paths
        if path.alias == ours.alias or not certificates.isdisjoint(path.certificates[:1])
    }


def _our_certificates(inventory: Inventory, ours: Ours) -> set[str]:
    return {
        certificate.id
        for certificate in inventory.certificates
        if certificate.alias == ours.alias
        or (ours.candidate is not None and certificate.der == ours.candidate)
        or (ours.makeshift and fingerprint(certificate.der) == ours.makeshift)
    }


def _our_keys(inventory: Inventory, ours: Ours) -> set[str]:
    return {
        key.id
        for key in inventory.keys
        # A device may shorten an alias, or forget it.
        if key.alias == ours.alias
        or (key.id == ours.key and key.id not in ours.keys_before and ours.alias.startswith(key.alias))
    }


def _deletions(
    inventory: Inventory, paths: Iterable[str], certificates: Iterable[str], keys: Iterable[str]
) -> tuple[Call, ...]:
    """In the order that references allow: path, certificate, key; within each as the device lists them.

    What something else came to use stays: not every device refuses to delete it.
    """
    paths = set(paths)
    certificates = set(certificates) - {
        held for path in inventory.paths if path.id not in paths for held in path.certificates
    }
    keys = set(keys) - {item.key for item in inventory.certificates if item.id not in certificates}
    return (
        *(Call(Change.DELETE_PATH, path.id) for path in inventory.paths if path.id in paths),
        *(Call(Change.DELETE_CERTIFICATE, item.id) for item in inventory.certificates if item.id in certificates),
        *(Call(Change.DELETE_KEY, key.id) for key in inventory.keys if key.id in keys),
    )
