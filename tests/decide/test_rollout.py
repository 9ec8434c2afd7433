"""Rollouts in which everything that can happen to devices happens, in any order."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decide.rollout import MOST_IN_A_ROW, Moves, Pace, Plan, may_try_again, model_of, next_moves, plan
from core.model.device import CertificateField, Connection, DeviceView
from core.model.records import Purpose
from core.model.rollout import MemberState, RolloutMember, Trouble

WAITING, RUNNING, SUCCEEDED, FAILED, NOT_STARTED = (
    MemberState.WAITING,
    MemberState.RUNNING,
    MemberState.SUCCEEDED,
    MemberState.FAILED,
    MemberState.NOT_STARTED,
)
replace = msgspec.structs.replace


def member(number: int, model: str = "", login: int = 0, **more: object) -> RolloutMember:
    made = RolloutMember(
        number=number, device=f"d{number}", name=f"Camera {number}", address=f"10.0.0.{number}", model=model
    )
    return replace(made, login=login, task=Purpose.ADD, **more)


def site(models: str, login: int = 0) -> list[RolloutMember]:
    """One member for each letter, which is its model; `-` is not known."""
    return [member(number, model.strip("-"), login) for number, model in enumerate(models)]


def ran(
    members: list[RolloutMember], number: int, ended: int, trouble: Trouble | None = None, reason: str = ""
) -> None:
    """Let one end."""
    state = SUCCEEDED if trouble is None else FAILED
    members[number] = replace(
        members[number],
        state=state,
        trouble=trouble,
        reason=reason,
        ended=ended,
        logged_in=state is SUCCEEDED or members[number].logged_in,
    )


def run(members: list[RolloutMember], *numbers: int) -> None:
    for number in numbers:
        members[number] = replace(members[number], state=RUNNING)


@pytest.mark.parametrize(
    ("models", "start"),
    [
        ("AAAA", (0,)),
        ("AABB", (0, 2)),
        ("aAbB", (0, 2)),
        ("----", (0,)),
        # One that is not known could be of any model, so it waits for those that go ahead.
        ("-AAB", (1, 3)),
        ("ABCD", (0, 1, 2)),
    ],
)
def test_one_of_each_model_goes_ahead(models: str, start: tuple[int, ...]) -> None:
    moves = next_moves(site(models), 3)
    assert (moves.start, moves.canaries, moves.leave) == (start, frozenset(start), {})


def test_the_rest_of_a_model_follows_its_first_success() -> None:
    members = site("AAAAB")
    run(members, 0, 4)
    assert next_moves(members, 10) == Moves()
    ran(members, 0, 1)
    assert next_moves(members, 10) == Moves((1, 2, 3))
    assert next_moves(members, 3) == Moves((1, 2))


def test_a_model_whose_first_device_fails_is_left_alone_and_the_others_are_not() -> None:
    members = site("AAABB")
    run(members, 0, 3)
    ran(members, 0, 1, Trouble.FAILED, "Its keys are corrupt")
    moves = next_moves(members, 10)
    assert moves.leave == dict.fromkeys((1, 2), "The first A, Camera 0 (10.0.0.0), failed: Its keys are corrupt")
    assert (moves.start, moves.stop) == ((), "")
    ran(members, 3, 2)
    assert next_moves(members, 10).start == (4,)


def test_a_device_that_is_not_there_says_nothing_of_its_model() -> None:
    members = site("AAA")
    ran(members, 0, 1, Trouble.UNREACHABLE, "No answer")
    assert next_moves(members, 10) == Moves((1,), frozenset((1,)))


@pytest.mark.parametrize("trouble", [Trouble.FAILED, Trouble.LOGIN_NEEDED])
def test_a_model_that_fails_twice_alike_is_left_alone_after_its_success(trouble: Trouble) -> None:
    members = site("AAAAA")
    ran(members, 0, 1)
    ran(members, 1, 2, trouble, "No room")
    assert next_moves(members, 10).leave == {}
    ran(members, 2, 3, trouble, "Another reason")
    assert next_moves(members, 10).leave == {}
    ran(members, 3, 4, trouble, "No room")
    assert next_moves(members, 10).leave == {4: "2 devices of this model failed alike: No room"}


def test_a_login_is_tried_on_one_device_until_that_has_taken_it() -> None:
    members = [*site("AB", login=1), *(replace(one, number=one.number + 2) for one in site("CD", login=2))]
    assert next_moves(members, 10).start == (0, 2)
    run(members, 0, 2)
    members[0] = replace(members[0], logged_in=True)
    assert next_moves(members, 10).start == (1,)


def test_a_refused_login_is_tried_on_no_other_device() -> None:
    members = [*site("ABA", login=1), member(3, "B", 2), member(4, "C")]
    run(members, 0)
    ran(members, 0, 1, Trouble.LOGIN_REFUSED, "The camera refused the login")
    moves = next_moves(members, 10)
    assert moves.leave == dict.fromkeys((1, 2), "The login was refused on Camera 0 (10.0.0.0)")
    assert moves.start == (3, 4)


def test_a_login_that_was_taken_and_then_refused_is_tried_no_more_either() -> None:
    members = site("AAA", login=1)
    ran(members, 0, 1)
    ran(members, 1, 2, Trouble.LOGIN_REFUSED)
    assert next_moves(members, 10).leave == {2: "The login was refused on Camera 1 (10.0.0.1)"}


def test_too_many_failures_one_after_another_stop_it_all() -> None:
    members = site("ABCDEFGH")
    ran(members, 0, 1)
    for number in range(1, MOST_IN_A_ROW):
        ran(members, number, number + 1, Trouble.UNREACHABLE)
    assert next_moves(members, 10).stop == ""
    ran(members, MOST_IN_A_ROW, MOST_IN_A_ROW + 1, Trouble.UNREACHABLE)
    moves = next_moves(members, 10)
    assert moves.stop == "5 devices failed one after another"
    assert moves.leave == {6: moves.stop, 7: moves.stop}
    ran(members, 6, 20)
    assert next_moves(members, 10).stop == ""


OUTCOMES = st.sampled_from((None, None, None, *Trouble))
SITES = st.lists(
    st.tuples(
        st.sampled_from(("", "A", "B", "C")),  # what discovery says
        st.sampled_from(("A", "B", "C", "")),  # what it turns out to be, where discovery says nothing
        st.integers(0, 3),
        OUTCOMES,
        st.sampled_from(("x", "y")),
    ),
    max_size=14,
)
Row = tuple[str, str, int, Trouble | None, str]


class Play:
    """Plays a rollout to its end, and looks that the rules hold at each move. `choose` picks what happens next."""

    def __init__(self, rows: list[Row], at_once: int, choose: Callable[[int], int]) -> None:
        self.rows = rows
        self.at_once = at_once
        self.choose = choose
        self.members = [member(number, row[0], row[2]) for number, row in enumerate(rows)]
        self.ended = 0

    def to_its_end(self) -> list[RolloutMember]:
        for _ in range(4 * len(self.members) + 1):
            moves = next_moves(self.members, self.at_once)
            self.check(moves)
            for number, why in moves.leave.items():
                self.members[number] = replace(self.members[number], state=NOT_STARTED, reason=why)
            run(self.members, *moves.start)
            running = [one for one in self.members if one.state is RUNNING]
            if not running:
                if not any(one.state is WAITING for one in self.members):
                    return self.members
                continue
            self.go_on(running[self.choose(len(running))])
        raise AssertionError("it does not end")

    def go_on(self, one: RolloutMember) -> None:
        """Let one get on by a step: it is known and logged in, or it ends."""
        model, turns_out, _, trouble, reason = self.rows[one.number]
        refused = trouble in (Trouble.LOGIN_REFUSED, Trouble.UNREACHABLE)
        if not one.logged_in and not refused and self.choose(2):
            self.members[one.number] = replace(one, logged_in=True, model=model or turns_out)
            return
        self.ended += 1
        known = one.model if refused else model or turns_out
        self.members[one.number] = replace(one, model=known)
        ran(self.members, one.number, self.ended, trouble, reason)

    def check(self, moves: Moves) -> None:
        proven = {one.model.casefold() for one in self.members if one.state is SUCCEEDED} - {""}
        running = [one for one in self.members if one.state is RUNNING]
        assert set(moves.start).isdisjoint(moves.leave)
        assert all(moves.leave.values())
        for number in moves.start:
            one = self.members[number]
            assert one.state is WAITING
            assert len(running) < self.at_once
            unproven = [other.model for other in running if other.model.casefold() not in proven]
            assert one.model not in unproven if one.model else not unproven
            self.check_login(one, running)
            running.append(one)

    def check_login(self, one: RolloutMember, running: list[RolloutMember]) -> None:
        if not one.login:
            return
        alike = [other for other in self.members if other.login == one.login]
        assert not any(other.trouble is Trouble.LOGIN_REFUSED for other in alike)
        if not any(other.logged_in for other in alike):
            assert not any(other.login == one.login for other in running)


@given(rows=SITES, at_once=st.integers(1, 5), data=st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_happens_no_rule_is_broken_and_it_comes_to_an_end(
    rows: list[Row], at_once: int, data: st.DataObject
) -> None:
    play = Play(rows, at_once, lambda count: data.draw(st.integers(0, count - 1)))
    for one in play.to_its_end():
        assert one.state in (SUCCEEDED, FAILED, NOT_STARTED)
        assert one.state is not NOT_STARTED or one.reason


@given(models=st.lists(st.sampled_from(("", "A", "B")), max_size=12), at_once=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_where_nothing_fails_nobody_is_left(models: list[str], at_once: int) -> None:
    rows: list[Row] = [(model, "A", 1, None, "") for model in models]
    assert all(one.state is SUCCEEDED for one in Play(rows, at_once, lambda _: 0).to_its_end())


def test_the_time_that_is_left_follows_what_devices_of_the_model_took() -> None:
    members = site("AAABB")
    assert Pace(members).remaining(2, {}) is None
    members[0] = replace(members[0], state=SUCCEEDED, seconds=20.0, certificate=CertificateField.ARCULES)
    # 40 s for A, 40 s for B by what A took, by two at a time.
    assert Pace(members).remaining(2, {}) == 40.0
    members[3] = replace(members[3], state=SUCCEEDED, seconds=100.0, certificate=CertificateField.ARCULES)
    assert (Pace(members).usual("a"), Pace(members).usual("B"), Pace(members).usual("C")) == (20.0, 100.0, 60.0)
    run(members, 4)
    assert Pace(members).remaining(2, {4: 30.0}) == 70.0
    # It takes longer than usual: nobody knows how long.
    assert Pace(members).remaining(1, {4: 130.0}) == 40.0
    for number in (1, 2, 4):
        members[number] = replace(members[number], state=FAILED)
    assert Pace(members).remaining(2, {}) == 0.0


def test_one_that_took_no_certificate_tells_nothing_of_other_models() -> None:
    members = site("AAB")
    members[0] = replace(members[0], state=SUCCEEDED, seconds=0.3, certificate=CertificateField.DEVICE)
    assert (Pace(members).usual("A"), Pace(members).usual("B")) == (0.3, None)
    assert Pace(members).remaining(2, {}) is None


def row(connection: Connection, field: CertificateField | None = None) -> DeviceView:
    return DeviceView(id="d1", name="Lobby", address="10.0.0.7", connection=connection, certificate_field=field)


ONLINE, OFFLINE = Connection.ONLINE, Connection.OFFLINE
HTTP, OWN, OURS = CertificateField.HTTP, CertificateField.DEVICE, CertificateField.ARCULES


@pytest.mark.parametrize(
    ("view", "options", "task"),
    [
        (row(Connection.DISCOVERED), {}, Purpose.ADD),
        (row(ONLINE, HTTP), {}, Purpose.REPLACE),
        (row(OFFLINE, None), {}, Purpose.REPLACE),
        (row(ONLINE, OWN), {"has_login": True}, Purpose.REPLACE),
        (row(ONLINE, OWN), {}, Purpose.REISSUE),
        (row(ONLINE, OURS), {}, None),
        (row(ONLINE, OURS), {"reissue": True, "has_login": True}, Purpose.REISSUE),
        (row(Connection.BLOCKED, OURS), {"reissue": True}, None),
        (row(Connection.ADDING, HTTP), {}, None),
    ],
)
def test_what_is_done_follows_from_the_state(view: DeviceView, options: dict[str, bool], task: Purpose | None) -> None:
    planned = plan(view, **{"reissue": False, "has_login": False, **options})
    assert planned.task is task
    assert bool(planned.reason) == (task is None)


def test_a_blocked_device_is_skipped_with_what_to_do() -> None:
    assert plan(row(Connection.BLOCKED, OURS), reissue=False, has_login=True) == Plan(
        None,
        "It is blocked: it shows another certificate than the stored one",
        "Compare both first: camtrust review d1",
        Trouble.BLOCKED,
    )


def test_a_model_is_known_by_its_name_alone() -> None:
    assert model_of(None) == model_of(" ") == ""
    assert model_of(" MX-1  PRO ") == "MX-1 PRO"


@pytest.mark.parametrize(
    ("login", "taken", "refused", "busy", "may"),
    [
        (0, False, True, True, True),
        (1, False, False, False, True),
        (1, False, False, True, False),
        (1, True, False, True, True),
        (1, False, True, False, False),
        (1, True, True, False, False),
    ],
)
def test_one_that_is_back_gets_its_login_as_it_would_in_its_turn(
    login: int, taken: bool, refused: bool, busy: bool, may: bool
) -> None:
    members = [member(0, "A", login), member(1, "B", login, logged_in=taken), member(2, "C", 2, logged_in=not taken)]
    device = members[0].device

    def is_the_other(one: RolloutMember) -> bool:
        return one.number == 1

    told = may_try_again(
        members, device, lambda one: refused and is_the_other(one), lambda one: busy and is_the_other(one)
    )
    assert told is may
    assert may_try_again(members, "another", lambda _: True, lambda _: True)


@pytest.mark.parametrize(
    ("field", "options", "is_left"),
    [
        (OWN, {}, True),
        (OURS, {"reissue": True, "has_login": True}, True),
        (HTTP, {}, True),
        (OWN, {"has_login": True}, False),
        (HTTP, {"has_login": True}, False),
    ],
)
def test_a_stored_login_that_was_refused_is_not_sent_again(
    field: CertificateField, options: dict[str, bool], is_left: bool
) -> None:
    planned = plan(row(ONLINE, field), **{"reissue": False, "has_login": False, **options}, has_refused=True)
    assert (planned.task is None, planned.trouble is Trouble.LOGIN_REFUSED) == (is_left, is_left)
