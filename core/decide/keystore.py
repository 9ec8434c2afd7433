"""What to do with a device's keystore: is there room, what to take back, what of ours to clear away.

Objects of ours are known by their alias, certificates also by their bytes; never by id alone, as devices use ids again
(ONVIF Security, Keystore). Nothing of others is ever touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.model.keystore import Inventory, KeystoreCapabilities

_PREFIX = "camtrust"


def alias_prefix(gateway: str) -> str:
    """Return what the aliases of everything begin with that this gateway makes on devices."""
    return f"{_PREFIX}/{gateway}/"


class Change(StrEnum):
    """A call that takes something back."""

    REPLACE_ASSIGNMENT = "replace assignment"
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

    Ids matter for devices that forget aliases.
    """

    alias: str
    candidate: bytes | None = None
    key: str = ""
    keys_before: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Room:
    """Whether an install fits. `problem` says why not, in words; `old_path` is what is assigned now, if anything is."""

    old_path: str = ""
    problem: str = ""
    hint: str = ""


def find_room(capabilities: KeystoreCapabilities, inventory: Inventory, leaf: bytes) -> Room:
    """Tell whether there is room for one key, one certificate and one path, and which path ours will replace.

    Of several assigned paths it is the one that serves `leaf`, else the first. A key without its private part belongs
    to a stored authority, and does not count; a device that counts it nevertheless says so when it makes ours.
    """
    keys = sum(key.private is not False for key in inventory.keys)
    full = [
        f"{name} ({count} of {most})"
        for name, count, most in (
            ("keys", keys, capabilities.most_keys),
            ("certificates", len(inventory.certificates), capabilities.most_certificates),
            ("certification paths", len(inventory.paths), capabilities.most_paths),
        )
        if most and count >= most
    ]
    if full:
        return Room(
            problem=f"No room on the device: {', '.join(full)}",
            hint="Delete certificates or keys that are not in use in the camera's own settings, then try again.",
        )
    return Room(old_path=_serving(inventory, leaf))


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
    """Return the calls that undo one install: first the former path is assigned again, then ours goes."""
    paths = _our_paths(inventory, ours)
    calls = [_unassign(path, old_path, inventory) for path in inventory.assigned if path in paths]
    return (*calls, *_deletions(inventory, paths, _our_certificates(inventory, ours), _our_keys(inventory, ours)))


def leftovers(inventory: Inventory, prefix: str, keep: str = "") -> tuple[Call, ...]:
    """Return the calls that clear away what installs of this gateway left, but what is assigned or has alias `keep`."""

    def old(alias: str) -> bool:
        return alias.startswith(prefix) and alias != keep

    paths = {path.id for path in inventory.paths if old(path.alias) and path.id not in inventory.assigned}
    certificates = {item.id for item in inventory.certificates if old(item.alias)}
    keys = {key.id for key in inventory.keys if old(key.alias)}
    return _deletions(inventory, paths, certificates, keys)


def _unassign(path: str, old_path: str, inventory: Inventory) -> Call:
    if old_path and any(known.id == old_path for known in inventory.paths):
        return Call(Change.REPLACE_ASSIGNMENT, path, old_path)
    return Call(Change.REMOVE_ASSIGNMENT, path)


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
        if certificate.alias == ours.alias or (ours.candidate is not None and certificate.der == ours.candidate)
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
