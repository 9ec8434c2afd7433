"""Which device of a rollout may begin, and which are given up: one of each model, and of each login, goes ahead.

A model is proven by its first success, a login by the first device that took it. Until then only one device at a time
depends on it. A device whose model is not known could be of any, so it begins only while nothing unproven runs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.model.device import CertificateField, Connection, DeviceView
from core.model.records import Purpose
from core.model.rollout import MemberState, RolloutMember, Trouble

MOST_ALIKE = 2
"""So many devices of one model that fail for the same reason stop that model."""

MOST_IN_A_ROW = 5
"""So many devices that fail one after another, of whatever models, stop the whole rollout."""

_OF_THE_MODEL = frozenset((Trouble.FAILED, Trouble.BLOCKED))
_ALIKE = _OF_THE_MODEL | {Trouble.LOGIN_NEEDED}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a device; without a `task` nothing, for a `reason`."""

    task: Purpose | None = None
    reason: str = ""
    hint: str = ""
    trouble: Trouble | None = None


_REFUSED_BEFORE = Plan(
    reason="Its stored login was refused before, and is not tried again",
    hint="Give the right one with --user.",
    trouble=Trouble.LOGIN_REFUSED,
)


def plan(view: DeviceView, *, reissue: bool, has_login: bool, has_refused: bool = False) -> Plan:
    """Return what is to be done with a device.

    `has_login` is whether a login was typed for the rollout, `has_refused` whether the stored one was refused.
    """
    planned = _planned(view, reissue=reissue, has_login=has_login)
    is_stored = planned.task is Purpose.REISSUE or (planned.task is Purpose.REPLACE and not has_login)
    return _REFUSED_BEFORE if has_refused and is_stored else planned


def _planned(view: DeviceView, *, reissue: bool, has_login: bool) -> Plan:
    match view.connection:
        case Connection.DISCOVERED:
            return Plan(Purpose.ADD)
        case Connection.ADDING:
            return Plan(reason="An install of it is under way already", hint="It goes on by itself.")
        case Connection.BLOCKED:
            return Plan(
                reason="It is blocked: it shows another certificate than the stored one",
                hint=f"Compare both first: camtrust review {view.id}",
                trouble=Trouble.BLOCKED,
            )
    match view.certificate_field:
        case CertificateField.ARCULES if not reissue:
            return Plan(reason="It has its certificate already")
        case CertificateField.ARCULES:
            return Plan(Purpose.REISSUE)
        case CertificateField.DEVICE if not has_login:
            return Plan(Purpose.REISSUE)
    return Plan(Purpose.REPLACE)


def model_of(model: str | None) -> str:
    """Return the name by which devices of one model are known, empty where it is not known.

    The maker is left out: many devices tell it only to those who log in, and would be two models before and after.
    """
    return " ".join((model or "").split())


@dataclass(frozen=True, slots=True)
class Moves:
    """What to do next: whom to `start`, and whom to leave alone, with the reason. `stop` is why all of it ends."""

    start: tuple[int, ...] = ()
    canaries: frozenset[int] = frozenset()
    leave: Mapping[int, str] = field(default_factory=dict)
    stop: str = ""


def next_moves(members: Sequence[RolloutMember], at_once: int) -> Moves:
    """Decide by how all members stand now. While any waits and none runs, there is a move."""
    facts = _Facts(members)
    waiting = [member for member in members if member.state is MemberState.WAITING]
    if waiting and (stop := _why_stop(members)):
        return Moves(leave=dict.fromkeys((member.number for member in waiting), stop), stop=stop)
    leave = {member.number: why for member in waiting if (why := facts.why_leave(member))}
    start, canaries = [], set()
    # One whose model is known keeps fewer others waiting.
    for member in sorted(waiting, key=lambda member: (not member.model, member.number)):
        if len(facts.running) >= at_once:
            break
        if member.number not in leave and facts.may_start(member):
            facts.running.append(member)
            start.append(member.number)
            if not facts.is_proven(member.model):
                canaries.add(member.number)
    return Moves(tuple(start), frozenset(canaries), leave)


def may_try_again(
    members: Iterable[RolloutMember],
    device: str,
    has_refused: Callable[[RolloutMember], bool],
    may_refuse: Callable[[RolloutMember], bool],
) -> bool:
    """Tell whether a device that was not reached in its turn may be tried by itself, when it is back (rule R18).

    `has_refused` tells whether a device has refused the login, and `may_refuse` whether it may do so any moment.
    """
    members = tuple(members)
    login = next((member.login for member in members if member.device == device), 0)
    alike = [member for member in members if login and member.login == login]
    if any(map(has_refused, alike)):
        return False
    return any(member.logged_in for member in alike) or not any(map(may_refuse, alike))


class _Facts:
    """What is known of models and logins by now. `running` grows by those that are started."""

    def __init__(self, members: Sequence[RolloutMember]) -> None:
        self.running = [member for member in members if member.state is MemberState.RUNNING]
        self._logins = {member.login for member in members if member.logged_in}
        self._proven = {_key(member.model) for member in members if member.state is MemberState.SUCCEEDED} - {""}
        failed = sorted(
            (member for member in members if member.state is MemberState.FAILED), key=lambda member: -member.ended
        )
        # The first of each comes last.
        self._refused = {
            member.login: member for member in failed if member.login and member.trouble is Trouble.LOGIN_REFUSED
        }
        self._stopped = self._alike(failed) | {
            _key(member.model): f"The first {member.model}, {_named(member)}, failed: {member.reason}"
            for member in failed
            if member.trouble in _OF_THE_MODEL and not self.is_proven(member.model)
        }

    @staticmethod
    def _alike(failed: Iterable[RolloutMember]) -> dict[str, str]:
        counted = Counter(
            (_key(member.model), member.trouble, member.reason) for member in failed if member.trouble in _ALIKE
        )
        return {
            model: f"{times} devices of this model failed alike: {reason}"
            for (model, _, reason), times in counted.items()
            if times >= MOST_ALIKE
        }

    def is_proven(self, model: str) -> bool:
        return _key(model) in self._proven

    def why_leave(self, member: RolloutMember) -> str:
        if refused := self._refused.get(member.login):
            return f"The login was refused on {_named(refused)}"
        return self._stopped.get(_key(member.model), "") if member.model else ""

    def may_start(self, member: RolloutMember) -> bool:
        is_new = member.login not in (0, *self._logins)
        if is_new and any(other.login == member.login for other in self.running):
            return False
        unproven = [_key(other.model) for other in self.running if not self.is_proven(other.model)]
        return _key(member.model) not in unproven if member.model else not unproven


def _why_stop(members: Iterable[RolloutMember]) -> str:
    in_a_row = 0
    for member in sorted((member for member in members if member.ended), key=lambda member: -member.ended):
        if member.state is MemberState.SUCCEEDED:
            break
        in_a_row += member.trouble is not Trouble.CANCELLED
    return f"{in_a_row} devices failed one after another" if in_a_row >= MOST_IN_A_ROW else ""


def _key(model: str) -> str:
    return model.casefold()


def _named(member: RolloutMember) -> str:
    return f"{member.name} ({member.address})"


class Pace:
    """How long devices take, by those that succeeded so far; those that took no certificate tell nothing of others."""

    def __init__(self, members: Sequence[RolloutMember]) -> None:
        self._members = members
        self._took: dict[str, list[float]] = {}
        self._all: list[float] = []
        for member in members:
            if member.state is MemberState.SUCCEEDED and member.seconds is not None:
                self._took.setdefault(_key(member.model), []).append(member.seconds)
                self._all += [member.seconds] if member.certificate is CertificateField.ARCULES else []

    def usual(self, model: str) -> float | None:
        """Return the mean of its model, else that of all; None before the first success."""
        took = self._took.get(_key(model), self._all)
        return sum(took) / len(took) if took else None

    def remaining(self, at_once: int, elapsed: Mapping[int, float]) -> float | None:
        """Estimate the seconds to the end, None before anything is known; `elapsed` is by number, of those that run."""
        left = []
        for member in self._members:
            if member.state in (MemberState.WAITING, MemberState.RUNNING):
                usual = self.usual(member.model)
                if usual is None:
                    return None
                left.append(max(0.0, usual - elapsed.get(member.number, 0.0)))
        return max(max(left), sum(left) / at_once) if left else 0.0
