"""Why a device probably shows another certificate than the stored one.

Each reason is a rule that looks for what would be there if it were so. Whatever a certificate says, whoever made it
could write, so no reason excuses a change, and nothing is ever accepted because of one (rule R15).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.decide.certificates import fingerprint, issued_by, outline_of
from core.decide.compare import (
    FINGERPRINT,
    ISSUER,
    KEY_FINGERPRINT,
    LABELS,
    NONE,
    SERIAL,
    SIGNATURE,
    SIZE,
    SUBJECT,
    VALID_FROM,
    VALID_UNTIL,
    Field,
    differences,
    fields,
)
from core.model.review import NOTHING_EXPLAINS_IT, PRETENDED, ChangeKind, Explanation

__all__ = ["Known", "differences", "explain"]

_Words = tuple[str, str]
_Fields = Mapping[str, Field]

_FIRST_LIKELY_YEAR = 2001
_AHEAD = timedelta(days=1)
_DATES = (VALID_FROM, VALID_UNTIL)
_KEPT = frozenset(LABELS) - {*_DATES, SERIAL, FINGERPRINT, SIZE}
_STRANGER = "Another machine may be answering in the device's place."
_AT_THE_DEVICE = "compare its fingerprint with the one on the device's own page, opened on site"


@dataclass(frozen=True, slots=True)
class Known:
    """What the gateway knows besides the two leaves.

    `others` and `other_keys` name, by the fingerprints of leaf and key, the other devices that those are pinned to,
    such as "Lobby (192.168.20.11)". `seen_before` are leaves that the device showed before ours was installed, and
    `before` those of them that are kept, in DER. `issued` are leaves that our authority signed for this device;
    `authority` is its certificate in DER. `now` is the gateway's clock. `in_its_place` are leaves of devices that are
    at this one's address now. `claimed_at` is where the leaf was seen, if that is another address, else empty.
    """

    others: Mapping[str, str]
    other_keys: Mapping[str, str]
    seen_before: frozenset[str]
    issued: frozenset[str]
    authority: bytes
    now: datetime
    before: tuple[bytes, ...] = ()
    in_its_place: frozenset[str] = frozenset()
    claimed_at: str = ""


def explain(stored: bytes | None, presented: bytes, known: Known) -> tuple[Explanation, ...]:
    """Return all reasons that fit, worst first, for any two strings of bytes.

    Where they differ there is always one, `UNKNOWN` if nothing else. Where they are equal, or nothing is stored, it is
    told whether another device has the same certificate or key.
    """
    case = _case(stored, presented, known)
    rules = _RULES if case.changed else {ChangeKind.SHARED: _shared}
    told = ((kind, rule(case)) for kind, rule in rules.items())
    found = tuple(Explanation(kind, *words) for kind, words in told if words)
    if case.changed and not found:
        found = (Explanation(ChangeKind.UNKNOWN, *_unknown(case)),)
    if case.changed and known.claimed_at and case.holder is None:
        found = (Explanation(ChangeKind.MOVED, *_moved(known.claimed_at)), *found)
    return found


@dataclass(frozen=True, slots=True)
class _Case:
    """Both leaves by field (`old` empty where nothing is stored), and what follows from one fact alone.

    `holder` and `key_holder` are other devices with this leaf and key. `familiar`: the device showed this leaf before.
    `ours`: our authority signed it. `pretended`: it names our authority, and that cannot be confirmed.
    """

    known: Known
    old: _Fields
    new: _Fields
    leaf: str
    changed: bool
    familiar: bool
    ours: bool
    pretended: bool
    holder: str | None
    key_holder: str | None

    @property
    def swapped(self) -> bool:
        """The leaf belongs to another device, and never was this one's."""
        return self.changed and self.holder is not None and not self.familiar

    @property
    def made_new(self) -> bool:
        """As far as is known, whoever answers made this leaf itself, and lately."""
        return not (self.swapped or self.familiar or self.ours or self.pretended)

    @property
    def same_name(self) -> bool:
        return _has_same_name(self.old, self.new)

    @property
    def same_key(self) -> bool:
        return _is_same(KEY_FINGERPRINT, self.old, self.new)


def _case(stored: bytes | None, presented: bytes, known: Known) -> _Case:
    leaf, new = fingerprint(presented), fields(presented)
    key = new.get(KEY_FINGERPRINT)
    ours = leaf in known.issued or issued_by(presented, known.authority)
    return _Case(
        known=known,
        old=fields(stored) if stored is not None else {},
        new=new,
        leaf=leaf,
        changed=stored is not None and stored != presented,
        familiar=leaf in known.seen_before,
        ours=ours,
        pretended=not ours and _names_as_issuer(presented, known.authority),
        holder=known.others.get(leaf),
        key_holder=known.other_keys.get(key.text) if key else None,
    )


def _names_as_issuer(leaf: bytes, authority: bytes) -> bool:
    found, issuer = outline_of(leaf), outline_of(authority)
    return found is not None and issuer is not None and found.issuer.raw == issuer.subject.raw


def _is_same(label: str, one: _Fields, other: _Fields) -> bool:
    """Tell whether a field can be read in both and is the same."""
    return label in one and one[label] == other.get(label)


def _has_same_name(one: _Fields, other: _Fields) -> bool:
    return _is_same(SUBJECT, one, other) and one[SUBJECT].text != NONE


def _is_like_a_former_one(case: _Case) -> bool:
    """Tell whether it has the name or, where that is not the stored one's, the key of a leaf from before ours."""
    former = [fields(der) for der in case.known.before]
    if any(_has_same_name(leaf, case.new) for leaf in former):
        return True
    return not case.same_key and any(_is_same(KEY_FINGERPRINT, leaf, case.new) for leaf in former)


def _odd_start(case: _Case) -> datetime | None:
    """Return the first day of validity where no clock that is right could have made it."""
    start = case.new[VALID_FROM].value if VALID_FROM in case.new else None
    if not isinstance(start, datetime):
        return None
    return start if start.year < _FIRST_LIKELY_YEAR or start - case.known.now > _AHEAD else None


def _moved(place: str) -> _Words:
    return (
        f"A device that claims to be this one is at {place} now, with another certificate",
        "Anyone on the network can claim that. Some devices make a new certificate when their address changes: find "
        f"out whether that happened, and {_AT_THE_DEVICE}, before you accept it. It is expected at the new address "
        "then.",
    )


# The rules: the words for a reason that fits, else None.


def _other_device(case: _Case) -> _Words | None:
    if not case.swapped:
        return None
    if case.leaf in case.known.in_its_place:
        return (
            f"{case.holder} has the address of this device now",
            "It was known again by its certificate. This device is followed by itself, too, once it is heard of at "
            "another address and shows its stored certificate there. Else replace it with its new address. Do not "
            "accept the certificate of another device for it.",
        )
    return (
        f"The certificate of another device: {case.holder}",
        "The addresses of the two may have been swapped, or both came with the same certificate. Devices that swapped "
        "are followed by themselves when both answer. Else find out which device stands where, and put that right on "
        "the devices, not by accepting this.",
    )


def _shared(case: _Case) -> _Words | None:
    advice = (
        "Whoever has its key can pass for both devices. Have our certificate installed (Replace) rather than accept it."
    )
    if case.holder and not case.swapped:
        return "Another device has the same certificate", f"It is stored for {case.holder}, too. {advice}"
    if case.key_holder and (case.same_key or not case.swapped):
        return "Another device has the same key", f"The key is also that of {case.key_holder}. {advice}"
    return None


def _not_installed(case: _Case) -> _Words | None:
    if not case.ours or case.swapped:
        return None
    if case.familiar or case.leaf in case.known.issued:
        return (
            "Signed by our authority, but it is not the one that is stored",
            "It may be left from an earlier or a broken-off install, or a backup was put back on the device. Look at "
            "the device's history, and have a new one installed (Replace) rather than accept it.",
        )
    return (
        "Signed by our authority, but nothing says that it was for this device",
        "It may be a device that was removed or got a new certificate since, at this address now. If there was none, "
        "somebody used the authority's key. Find out which device this is before you accept it.",
    )


def _new_key(case: _Case) -> _Words | None:
    if not case.made_new or case.key_holder or case.same_key or not case.same_name:
        return None
    if not _is_same(ISSUER, case.old, case.new):
        return (
            "The same name with a new key, from another issuer",
            "Somebody may have put a certificate on the device, or copied its name: anyone can. Ask who works on the "
            f"device, and {_AT_THE_DEVICE}, before you accept it.",
        )
    return (
        "The same name with a new key",
        "Some devices make a new one when they restart or their address changes. Anyone can copy the name, though: "
        f"find out whether that happened, and {_AT_THE_DEVICE}, before you accept it. Where it comes again, have our "
        "certificate installed (Replace).",
    )


def _vendor_default(case: _Case) -> _Words | None:
    if case.ours or case.swapped:
        return None
    if case.familiar:
        return (
            "Back to the certificate from before ours was installed",
            "A factory reset does this; it takes back settings and passwords, too. Find out who reset the device and "
            "why, then have our certificate installed again (Replace) rather than accept this one.",
        )
    if case.pretended or case.same_name or not _is_like_a_former_one(case):
        return None
    return (
        "Like the certificate from before ours was installed, but not the same",
        "A factory reset does this where the device then makes a new one. Anyone can copy the name, though: find out "
        "who reset the device and why, then have our certificate installed again (Replace) rather than accept it.",
    )


def _clock(case: _Case) -> _Words | None:
    start = _odd_start(case)
    if not case.made_new or start is None:
        return None
    tied = case.same_name or case.same_key or _is_like_a_former_one(case)
    return (
        "Dated by a clock that was wrong",
        f"It begins on {start:%Y-%m-%d}: a device with a wrong clock dates like that what it makes itself. Have the "
        f"clock set, and {_AT_THE_DEVICE}, before you accept it. The date does not tell whose certificate it is."
        + ("" if tied else f" {_STRANGER}"),
    )


def _same_key(case: _Case) -> _Words | None:
    if case.swapped or not case.same_key or _is_renewal(case.old, case.new):
        return None
    return (
        "Another certificate for the same key",
        "Whoever answers has the device's key: the device, unless its key was copied. See below what else changed, and "
        "find out who renewed it, before you accept it.",
    )


def _only_dates(case: _Case) -> _Words | None:
    if case.swapped or not _is_renewal(case.old, case.new):
        return None
    return (
        "The same certificate and key with other dates",
        "That is how a renewal looks. Whoever answers has the device's key: the device, unless its key was copied. "
        "Find out who renewed it before you accept it.",
    )


def _is_renewal(old: _Fields, new: _Fields) -> bool:
    dated = all(label in leaf for leaf in (old, new) for label in _DATES)
    redated = any(old.get(label) != new.get(label) for label in _DATES)
    # One without a readable signature was not read in full.
    return dated and redated and SIGNATURE in old and all(old.get(label) == new.get(label) for label in _KEPT)


def _unknown(case: _Case) -> _Words:
    text = PRETENDED if case.pretended else NOTHING_EXPLAINS_IT
    return text, f"{_STRANGER} Before you accept it, {_AT_THE_DEVICE}: only if both are the same is it the device's."


_RULES: dict[ChangeKind, Callable[[_Case], _Words | None]] = {
    ChangeKind.OTHER_DEVICE: _other_device,
    ChangeKind.SHARED: _shared,
    ChangeKind.NOT_INSTALLED: _not_installed,
    ChangeKind.NEW_KEY: _new_key,
    ChangeKind.VENDOR_DEFAULT: _vendor_default,
    ChangeKind.CLOCK: _clock,
    ChangeKind.SAME_KEY: _same_key,
    ChangeKind.ONLY_DATES: _only_dates,
}
