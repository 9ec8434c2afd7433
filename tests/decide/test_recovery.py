import pytest

from core.decide.recovery import (
    BEGIN,
    DONE,
    FAILED,
    SURE,
    SURE_AFTER_TURNS,
    Leaves,
    Past,
    Steadiness,
    Verdict,
    judge,
    read_journal,
)
from core.decide.steps import STEPS, Action, Step, cancellable
from core.model.keystore import Way
from core.model.records import JournalEntry

LEAVES = Leaves(old="old", candidate="new", candidate_key="key")


@pytest.mark.parametrize(
    ("seen", "key", "may_come", "verdict"),
    [
        ("new", "key", False, Verdict.ADOPT),
        ("new", "key", True, Verdict.ADOPT),
        ("old", "", True, Verdict.WAIT),
        ("old", "", False, Verdict.ROLL_BACK),
        ("third", "key", True, Verdict.OWN_VERSION),
        ("third", "another", True, Verdict.BLOCK),
        ("third", "", False, Verdict.BLOCK),
    ],
)
def test_what_the_device_serves_decides(seen: str, key: str, may_come: bool, verdict: Verdict) -> None:
    assert judge(LEAVES, seen, key, may_come=may_come) is verdict


def test_before_anything_was_signed_no_leaf_is_taken_for_ours() -> None:
    nothing = Leaves(old="old", candidate="")
    assert judge(nothing, "", "", may_come=False) is Verdict.BLOCK
    assert judge(nothing, "old", "", may_come=False) is Verdict.ROLL_BACK


def entry(step: str, phase: str, **data: str) -> JournalEntry:
    return JournalEntry("op1", step, phase, "2026-01-01T00:00:00Z", data)


def test_signing_alone_touches_nothing_and_an_intent_to_make_a_key_does() -> None:
    assert not read_journal([entry(Action.SIGN, BEGIN)]).touched
    assert read_journal([entry(Action.MAKE_KEY, BEGIN, keys_before="a\nb")]).touched


def test_the_journal_gives_back_what_undoing_needs() -> None:
    past = read_journal(
        [
            entry(Action.MAKE_KEY, BEGIN, keys_before="a\nb"),
            entry(Action.MAKE_KEY, DONE, key="c"),
            entry(Action.ASSIGN, BEGIN, old_path="p"),
        ]
    )
    assert (past.key, past.keys_before, past.old_path) == ("c", frozenset("ab"), "p")
    ours = past.ours("alias", b"der")
    assert (ours.alias, ours.candidate, ours.key, ours.keys_before) == ("alias", b"der", "c", frozenset("ab"))


def test_a_lost_answer_may_have_assigned_and_a_refusal_has_not() -> None:
    assert read_journal([entry(Action.ASSIGN, BEGIN)]).assigning
    assert read_journal([entry(Action.ASSIGN, BEGIN), entry(Action.ASSIGN, DONE)]).assigning
    assert not read_journal([entry(Action.ASSIGN, BEGIN), entry(Action.ASSIGN, FAILED)]).assigning


def test_what_failed_was_not_done() -> None:
    refused = [entry(Action.MAKE_KEY, BEGIN), entry(Action.MAKE_KEY, FAILED)]
    assert not read_journal(refused).touched
    assert read_journal([*refused, entry(Action.MAKE_KEY, BEGIN)]).touched
    assert read_journal([*refused, entry(Action.UPLOAD, BEGIN, old_path="p")]) == Past(
        touched=True, uploaded=True, old_path="p"
    )
    assert not read_journal([entry(Action.UPLOAD, BEGIN), entry(Action.UPLOAD, FAILED)]).uploaded


def test_the_journal_tells_where_a_device_was_met_and_that_it_refused_the_login() -> None:
    met = entry(Step.LOOK, DONE, host="fe80::1%eth1", port="443", device_service="/onvif")
    refused = entry(Step.LOGIN, FAILED, refused="The device refused the login", hint="Check it.")
    past = read_journal([met, refused])
    assert (past.host, past.port, past.path) == ("fe80::1%eth1", 443, "/onvif")
    assert past.refusal == ("The device refused the login", "Check it.")
    assert (past.touched, past.adopted, read_journal([met]).refusal) == (False, False, None)


def test_where_ours_was_pinned_only_clearing_up_is_left() -> None:
    assert read_journal([entry(Action.ASSIGN, DONE), entry(Step.CLEAN, BEGIN)]).adopted
    assert not read_journal([entry(Action.ASSIGN, DONE)]).adopted


def test_every_action_belongs_to_one_step_and_the_steps_are_numbered_in_order() -> None:
    assert [rule.number for rule in STEPS] == list(range(1, 11))
    assert [rule.step for rule in STEPS] == list(Step)
    assert [action for rule in STEPS for action in rule.actions] == list(Action)


def test_an_install_can_be_cancelled_until_the_device_is_given_a_certificate() -> None:
    assert [step for step in Step if not cancellable(step)] == [Step.INSTALL, Step.VERIFY, Step.CLEAN]


def looks(steadiness: Steadiness, *verdicts: Verdict) -> list[bool]:
    return [steadiness.is_sure(verdict, verdict.name) for verdict in verdicts]


def test_some_equal_looks_running_are_enough() -> None:
    assert looks(Steadiness(), Verdict.WAIT, *[Verdict.ADOPT] * SURE) == [False] * SURE + [True]
    interrupted = [*[Verdict.BLOCK] * (SURE - 1), Verdict.OWN_VERSION, *[Verdict.BLOCK] * (SURE - 1)]
    assert not any(looks(Steadiness(), *interrupted))


def test_a_server_that_went_back_to_the_former_leaf_has_to_be_steady_for_longer() -> None:
    steadiness = Steadiness()
    assert not any(looks(steadiness, Verdict.WAIT, Verdict.ADOPT, Verdict.ADOPT, Verdict.WAIT))
    assert steadiness.turns
    assert looks(steadiness, *[Verdict.ADOPT] * SURE_AFTER_TURNS) == [False] * (SURE_AFTER_TURNS - 1) + [True]


def test_only_a_key_that_no_device_lists_before_it_is_made_may_still_come() -> None:
    begun = entry(Action.MAKE_KEY, BEGIN, way=Way.DEVICE)
    assert read_journal([begun]).may_be_making
    assert not read_journal([entry(Action.MAKE_KEY, BEGIN, way=Way.KEYSTORE)]).may_be_making
    assert not read_journal([begun, entry(Action.MAKE_KEY, FAILED)]).may_be_making
    assert not read_journal([begun, entry(Action.MAKE_KEY, DONE, key="c")]).may_be_making


def test_the_makeshift_certificate_stands_for_the_former_one() -> None:
    leaves = Leaves(old="old", candidate="new", candidate_key="key", makeshift="makeshift")
    assert judge(leaves, "makeshift", "key", may_come=True) is Verdict.WAIT
    assert judge(leaves, "makeshift", "key", may_come=False) is Verdict.ROLL_BACK
    assert judge(leaves, "own", "key", may_come=False) is Verdict.OWN_VERSION
