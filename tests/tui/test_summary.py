"""The lines above and below every screen, as wide as there is room."""

from datetime import UTC, datetime

import msgspec
import pytest

from core.model.messages import Role, ScanView, Status, Update, Welcome
from core.model.review import NOTHING_EXPLAINS_IT, PRETENDED
from core.model.sighting import Kind, SourceStatus
from tests.tui.engine import RESET, added, blocked, found
from tui.link import LinkState
from tui.paragraphs import Line
from tui.site import Counts, Site
from tui.summary import attention, in_sentences, sources, unnoticed, who_and_how_many

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
STATUS = Status(
    "gw-042", "0.1.0", 1, sources=(SourceStatus("WS-Discovery", 40, devices=19), SourceStatus("mDNS", 9, devices=4))
)
UP = LinkState(True, welcome=Welcome(1, Role.OPERATOR, "tech1", STATUS))
COUNTS = Counts(devices=21, blocked=1, review=4, offline=3, expired=1, expiring=2)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (80, "tech1 · 21 devices · 1 BLOCKED · 4 review · 3 offline · 1 expired · 2 expiring "),
        (78, "21 devices · 1 BLOCKED · 4 review · 3 offline · 1 expired · 2 expiring "),
        (61, "1 BLOCKED · 4 review · 3 offline · 1 expired · 2 expiring "),
        (40, "1 BLOCKED · 4 review · 3 offline "),
        (11, "1 BLOCKED "),
        (0, "1 BLOCKED "),
    ],
)
def test_what_needs_a_person_is_counted_as_long_as_there_is_room(room: int, told: str) -> None:
    assert text(who_and_how_many(UP, COUNTS, None, room)) == told


def test_how_many_others_are_attached_is_the_first_to_go_where_room_is_short() -> None:
    few = Counts(devices=2, blocked=1)
    assert text(who_and_how_many(UP, few, None, 33, others=2)) == "tech1 +2 · 2 devices · 1 BLOCKED "
    assert text(who_and_how_many(UP, few, None, 32, others=2)) == "tech1 · 2 devices · 1 BLOCKED "
    assert text(who_and_how_many(UP, few, None, 40, others=0)) == "tech1 · 2 devices · 1 BLOCKED "


def test_what_there_is_none_of_is_not_counted() -> None:
    assert text(who_and_how_many(UP, Counts(devices=1), None, 60)) == "tech1 · 1 device "


def site(status: Status = STATUS) -> Site:
    told = Site()
    told.apply(Update(status=status, devices=tuple(found(number, kind=Kind.OTHER) for number in range(3))), NOW)
    return told


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (60, " 3 no camera (o) · WS-Discovery 19 · mDNS 4"),
        (42, " 3 no camera (o) · WS-Discovery 19"),
        (20, " 3 no camera (o)"),
    ],
)
def test_a_source_is_told_of_in_full_or_not_at_all(room: int, told: str) -> None:
    assert text(sources(site(), NOW, room)) == told


def test_a_scan_that_goes_on_is_told_before_the_sources() -> None:
    scanning = msgspec.structs.replace(STATUS, scan=ScanView(("10.0.0.0/16",), 65536, 12000, 3))
    assert text(sources(site(scanning), NOW, 66)) == " Scan 12000 of 65536, 3 found · 3 no camera (o) · WS-Discovery 19"


def test_why_a_certificate_changed_is_told_as_probable_only_where_there_is_a_reason() -> None:
    changes = (RESET, NOTHING_EXPLAINS_IT, PRETENDED)
    told = [text(attention(blocked(14, "Dock", change=change), 80)) for change in changes]
    assert told == [f" Probably: {RESET}.", f" {NOTHING_EXPLAINS_IT}.", f" {PRETENDED}."]
    assert text(attention(blocked(14, "Dock"), 120)).startswith(" Error with device certificate. The device shows")
    assert text(attention(blocked(14, "Dock", change=RESET, silent=True), 120)).startswith(
        " It does not answer now. Probably"
    )
    assert attention(added(17, "Till"), 120) == ()


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (65, " It does not answer now. Another certificate than the stored one."),
        (64, " Another certificate than the stored one."),
        (41, " Another certificate than the stored one."),
        (40, " See above."),
    ],
)
def test_what_needs_a_person_is_told_in_whole_sentences(room: int, told: str) -> None:
    device = blocked(14, "Dock", change=RESET, silent=True)
    assert text(attention(device, room, "See above.")) == told


@pytest.mark.parametrize(
    ("width", "told"), [(29, "It is gone. Wait… Then again."), (28, "It is gone. Wait…"), (3, "It is gone.")]
)
def test_of_what_is_said_whole_sentences_are_left_and_the_first_one_at_least(width: int, told: str) -> None:
    assert in_sentences("It is gone. Wait… Then again.", width) == told


def test_what_is_blocked_out_of_view_is_named_in_one_line() -> None:
    views = (blocked(14, "Dock"), blocked(15, "x" * 64), blocked(16, "Gate"))
    assert text(unnoticed(views[:1], 80)) == " !! BLOCKED, out of view: Dock. v shows all. "
    assert text(unnoticed(views, 58)) == " !! BLOCKED, out of view: Dock and 2 more. v shows all. "
    assert text(unnoticed(views, 50)) == " !! BLOCKED, out of view: 3. v shows all. "
    assert text(unnoticed(views[1:], 80)) == f" !! BLOCKED, out of view: {'x' * 15}… and 1 more. v shows all. "
    assert unnoticed((), 80) == ()
