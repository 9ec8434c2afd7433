"""What to do about an install that is in doubt: decided by what the device shows now, not by what was done to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.decide.certificates import fingerprint
from core.decide.keystore import Ours
from core.decide.steps import Action, Step
from core.model.errors import DeviceError, WrongLeafError
from core.model.keystore import Way
from core.model.records import InstallRecord, JournalEntry, Pin

BEGIN, DONE, FAILED = "begin", "done", "failed"
MOST_ATTEMPTS = 3
"""How often an interrupted install is begun, the first time included."""

_CHANGES = frozenset((Action.MAKE_KEY, Action.UPLOAD, Action.MAKE_PATH, Action.ASSIGN))

SURE = 5
"""How many handshakes running must show the same leaf."""

SURE_AFTER_TURNS = 10
"""How many, once the former leaf was seen again after the new one: some servers show both in turn for a while."""


class Verdict(StrEnum):
    """What follows from one look at a device in doubt."""

    ADOPT = "the new certificate is served: pin it"
    WAIT = "the former one is served and ours may still come: look again"
    ROLL_BACK = "the former one is served and ours will not come: undo"
    OWN_VERSION = "our key in a certificate that the device made of it: pin it as the device's own"
    BLOCK = "neither one nor the other: nothing is sent until a technician decides"


@dataclass(frozen=True, slots=True)
class Leaves:
    """The leaves that an install may end with, by fingerprint, and the fingerprint of the new key.

    `makeshift` is the certificate that the device made with the key: it told of it over a connection that showed the
    old one, and some devices use it at once.
    """

    old: str
    candidate: str
    candidate_key: str = ""
    makeshift: str = ""

    def is_former(self, seen: str) -> bool:
        """Tell whether that is what ours is to take the place of."""
        return seen == self.old or (bool(self.makeshift) and seen == self.makeshift)


def judge(leaves: Leaves, seen: str, seen_key: str, *, may_come: bool) -> Verdict:
    """Judge the leaf that the device serves. `may_come` tells whether ours was, or may have been, assigned lately."""
    if leaves.candidate and seen == leaves.candidate:
        return Verdict.ADOPT
    if leaves.is_former(seen):
        return Verdict.WAIT if may_come else Verdict.ROLL_BACK
    if leaves.candidate_key and seen_key == leaves.candidate_key:
        return Verdict.OWN_VERSION
    return Verdict.BLOCK


def in_doubt(install: InstallRecord, pin: Pin | None) -> bool:
    """Tell whether it is not known yet what the device will serve; where ours is pinned only clearing up is left."""
    return not install.closed and not (pin is not None and pin.fingerprint == install.candidate)


class Steadiness:
    """Counts how often running the same was seen. `turns` is whether a device went back from the new leaf."""

    def __init__(self) -> None:
        self._last: tuple[Verdict, str] | None = None
        self._times = 0
        self.turns = False

    def is_sure(self, verdict: Verdict, leaf: str) -> bool:
        """Take in one look; tell whether it can be relied on."""
        went_back = self._last is not None and self._last[0] is Verdict.ADOPT and verdict is not Verdict.ADOPT
        self.turns = self.turns or went_back
        self._times = self._times + 1 if (verdict, leaf) == self._last else 1
        self._last = (verdict, leaf)
        return self._times >= (SURE_AFTER_TURNS if self.turns else SURE)


@dataclass(frozen=True, slots=True)
class Past:
    """What the journal tells of one install.

    `touched` is whether anything on the device may have been changed, `uploaded` whether it may hold our certificate,
    which some devices take into use by that alone, and `assigning` whether our path may be assigned. `host`, `port`
    and `path` are where it was met, `weak_tls` is the older TLS that it needed there, if it did. `refusal` is the
    title and hint of the error by which it refused the login, if it did; `unsent` is whether it got none. `adopted`
    is whether its certificate was pinned, so that all that is left is to clear up; `way` is the service by which its
    certificates are managed.
    """

    touched: bool = False
    uploaded: bool = False
    assigning: bool = False
    key: str = ""
    keys_before: frozenset[str] = frozenset()
    makeshift: str = ""
    old_path: str = ""
    host: str = ""
    port: int = 0
    path: str = ""
    weak_tls: str = ""
    refusal: tuple[str, str] | None = None
    unsent: bool = False
    adopted: bool = False
    way: Way = Way.KEYSTORE

    def ours(self, alias: str, candidate: bytes | None) -> Ours:
        """Return how to know what this install made."""
        return Ours(alias, candidate, self.key, self.keys_before, self.makeshift)

    def makes_do(self, error: DeviceError) -> bool:
        """Tell whether the device has only begun to use the certificate that it made with the key."""
        return isinstance(error, WrongLeafError) and fingerprint(error.presented) == self.makeshift

    @property
    def may_be_making(self) -> bool:
        """Whether nobody has told what became of a key, and the device lists none before it is made."""
        return self.way is Way.DEVICE and self.touched and not self.key


def read_journal(entries: Iterable[JournalEntry]) -> Past:
    """Sum up the journal of one install. What has failed was not done."""
    phases: dict[str, str] = {}
    data: dict[str, str] = {}
    for entry in entries:
        phases[entry.step] = entry.phase
        data |= entry.data
    done = {step for step, phase in phases.items() if phase != FAILED}
    return Past(
        touched=not done.isdisjoint(_CHANGES),
        uploaded=Action.UPLOAD in done,
        assigning=Action.ASSIGN in done,
        key=data.get("key", ""),
        keys_before=frozenset(filter(None, data.get("keys_before", "").split("\n"))),
        makeshift=data.get("makeshift", ""),
        old_path=data.get("old_path", ""),
        host=data.get("host", ""),
        port=int(data.get("port", 0)),
        path=data.get("device_service", ""),
        weak_tls=data.get("weak_tls", ""),
        adopted=Step.CLEAN in phases,
        way=Way(data.get("way", Way.KEYSTORE)),
        unsent=bool(data.get("unsent")),
        refusal=(data["refused"], data["hint"]) if phases.get(Step.LOGIN) == FAILED else None,
    )
