"""Every transition of trust, written down: what a device is, what it shows at the next look, what a technician does.

A table is text that was written by hand; the outcomes are worked out anew and compared with it, cell by cell.
"""

from pathlib import Path

import msgspec
import pytest

from core.decide.trust import (
    Answer,
    Health,
    Looked,
    Place,
    certificate_field,
    home_of,
    judge_look,
    place_under_review,
    presenting,
)
from core.model.device import Attention, AttentionKind, CertificateField, Connection, Origin
from core.model.records import DeviceRecord, Pin
from tests.engine.stage import AT, STARTS, play


def rows(table: str) -> dict[str, dict[str, str]]:
    """Read a table: its columns are under their headings, two spaces apart."""
    heading, *lines = [line for line in table.splitlines() if line.strip()]
    starts = [at for at in range(len(heading)) if heading[at] != " " and (at < 2 or heading[at - 2 : at] == "  ")]
    cut = [slice(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]
    names = [heading[part].strip() for part in cut]
    return {
        line[: starts[0]].strip(): {name: line[part].strip() for name, part in zip(names, cut, strict=True)}
        for line in lines
    }


def cells(table: dict[str, dict[str, str]]) -> dict[str, str]:
    return {f"{row}, {column}": cell for row, line in table.items() for column, cell in line.items()}


# What one look leads to. `on 1` is online with one look missed, `off 3` offline after three, as unreachable; `tls 3`
# the same because TLS fails; `block X` blocked by X; `claim X` the same, and X was seen at another place. X is what a
# blocked device showed before, Y yet another leaf.
LOOKS = """
                      pin     X        Y        nothing  TLS fails  no TLS   HTTP
http, online          on 1    on 1     on 1     on 1     on 1       on 1     on 0
http, one missed      off 2   off 2    off 2    off 2    tls 2      off 2    on 0
http, offline         off 3   off 3    off 3    off 3    tls 3      off 3    on 0
bare, offline         off 3   off 3    off 3    off 3    tls 3      off 3    off 3
issued, online        on 0    block X  block Y  on 1     on 1       on 1     on 1
issued, one missed    on 0    block X  block Y  off 2    tls 2      off 2    off 2
issued, offline       on 0    block X  block Y  off 3    tls 3      off 3    off 3
issued, blocked       on 0    block X  block Y  block X  block X    block X  block X
issued, claimed       on 0    block X  block Y  claim X  claim X    claim X  claim X
accepted, online      on 0    block X  block Y  on 1     on 1       on 1     on 1
accepted, one missed  on 0    block X  block Y  off 2    tls 2      off 2    off 2
accepted, offline     on 0    block X  block Y  off 3    tls 3      off 3    off 3
accepted, blocked     on 0    block X  block Y  block X  block X    block X  block X
accepted, claimed     on 0    block X  block Y  claim X  claim X    claim X  claim X
device, online        on 0    block X  block Y  on 1     on 1       on 1     on 1
device, one missed    on 0    block X  block Y  off 2    tls 2      off 2    off 2
device, offline       on 0    block X  block Y  off 3    tls 3      off 3    off 3
device, blocked       on 0    block X  block Y  block X  block X    block X  block X
device, claimed       on 0    block X  block Y  claim X  claim X    claim X  claim X
"""
# What a look at another place leads to, where somebody claims that the device is: `moved`, online there, or as above;
# nothing where it says nothing. N is pinned to another device; `twin` is the pin where another device has the same.
LOOKS_ELSEWHERE = """
                      pin    twin  X        Y        N  nothing  TLS fails  no TLS  HTTP
http, online
http, offline
bare, offline
issued, online
issued, one missed
issued, offline       moved        claim X  claim Y
issued, blocked       moved
issued, claimed       moved        claim X  claim Y
accepted, online
accepted, one missed
accepted, offline     moved        claim X  claim Y
accepted, blocked     moved
accepted, claimed     moved        claim X  claim Y
device, online
device, one missed
device, offline       moved        claim X  claim Y
device, blocked       moved
device, claimed       moved        claim X  claim Y
"""
HERE, THERE = Place("192.168.20.11", 443), Place("192.168.20.99", 443)
FIELDS = {
    "http": CertificateField.HTTP,
    "bare": None,
    "issued": CertificateField.ARCULES,
    "accepted": CertificateField.ARCULES,
    "device": CertificateField.DEVICE,
}
HEALTHS = {
    "online": Health(Connection.ONLINE),
    "one missed": Health(Connection.ONLINE, 1),
    "offline": Health(Connection.OFFLINE, 2, Attention(AttentionKind.UNREACHABLE, "before")),
    "blocked": Health(Connection.BLOCKED),
    "claimed": Health(Connection.BLOCKED),
}
ANSWERS = {
    "pin": Looked(Answer.LEAF, "pin", "TLS 1.3"),
    "X": Looked(Answer.LEAF, "X", "TLS 1.3"),
    "Y": Looked(Answer.LEAF, "Y", "TLS 1.3"),
    "nothing": Looked(Answer.NOTHING, reason="said so"),
    "TLS fails": Looked(Answer.TLS_FAILED, reason="said so"),
    "no TLS": Looked(Answer.NOT_TLS, reason="said so"),
    "HTTP": Looked(Answer.HTTP, reason="said so"),
}


def state_of(state: str) -> tuple[DeviceRecord, Health]:
    kind, health = state.split(", ")
    device = DeviceRecord(
        id="d1",
        name="Lobby",
        host=HERE.host,
        port=HERE.port,
        scheme="http" if kind == "http" else "https",
        tls="TLS 1.2",
        pin=None if kind in ("http", "bare") else Pin("pin", Origin(kind), AT, "tech1"),
        added_at=AT,
        added_by="tech1",
    )
    if health in ("blocked", "claimed"):
        device = presenting(device, "X", THERE if health == "claimed" else None)
    return device, HEALTHS[health]


def judged(state: str, answer: str) -> tuple[DeviceRecord, DeviceRecord, Health]:
    before, health = state_of(state)
    return before, *judge_look(before, health, ANSWERS[answer], {"N"})


def judged_elsewhere(state: str, answer: str, place: Place = THERE) -> tuple[DeviceRecord, Health]:
    before, health = state_of(state)
    pinned = {"N", "pin"} if answer == "twin" else {"N"}
    shown = Looked(Answer.LEAF, "N", "TLS 1.3") if answer == "N" else ANSWERS[answer.replace("twin", "pin")]
    return judge_look(before, health, msgspec.structs.replace(shown, place=place), pinned)


def in_short(device: DeviceRecord, health: Health) -> str:
    kind = health.problem.kind if health.problem else None
    match health.connection, kind:
        case Connection.ONLINE, None:
            return f"on {health.misses}"
        case Connection.OFFLINE, AttentionKind.UNREACHABLE:
            return f"off {health.misses}"
        case Connection.OFFLINE, AttentionKind.TLS_FAILED:
            return f"tls {health.misses}"
        case Connection.BLOCKED, AttentionKind.REVIEW_CHANGE:
            assert place_under_review(device) in (THERE, home_of(device))
            return f"{'claim' if device.presented_host else 'block'} {device.presented}"
    return f"{health}"


@pytest.mark.parametrize("state", rows(LOOKS))
def test_every_look_leads_where_the_table_says(state: str) -> None:
    assert {answer: in_short(*judged(state, answer)[1:]) for answer in ANSWERS} == rows(LOOKS)[state]


@pytest.mark.parametrize("state", rows(LOOKS_ELSEWHERE))
def test_every_look_elsewhere_leads_where_the_table_says(state: str) -> None:
    table = rows(LOOKS_ELSEWHERE)[state]
    before, health = state_of(state)
    for answer, told in table.items():
        after = judged_elsewhere(state, answer)
        if told == "moved":
            assert (home_of(after[0]), after[1]) == (THERE, Health(Connection.ONLINE)), answer
        elif told:
            assert in_short(*after) == told, answer
        else:
            assert after == (before, health), answer


@pytest.mark.parametrize("state", rows(LOOKS_ELSEWHERE))
@pytest.mark.parametrize("answer", rows(LOOKS_ELSEWHERE)["http, online"])
def test_a_look_elsewhere_changes_at_most_the_place_or_what_was_presented(state: str, answer: str) -> None:
    before, _ = state_of(state)
    after, health = judged_elsewhere(state, answer)
    kept = {"host": before.host, "port": before.port, "tls": before.tls}
    assert msgspec.structs.replace(presenting(after, None), **kept) == presenting(before, None)
    assert after.pin == before.pin
    assert (home_of(after) == THERE) == (health.connection is Connection.ONLINE and state_of(state)[1] != health)


def test_where_the_own_place_shows_another_leaf_a_claim_says_nothing() -> None:
    device, health = judged_elsewhere("issued, claimed", "Y")
    assert (device.presented, place_under_review(device)) == ("Y", THERE)
    device, health = judge_look(device, health, ANSWERS["X"])
    assert (device.presented, place_under_review(device)) == ("X", HERE)
    assert judge_look(device, health, msgspec.structs.replace(ANSWERS["Y"], place=THERE)) == (device, health)


@pytest.mark.parametrize("state", rows(LOOKS))
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_look_changes_nothing_stored_but_what_was_presented(state: str, answer: str) -> None:
    before, after, health = judged(state, answer)
    blocked = rows(LOOKS)[state][answer].removeprefix("block ").removeprefix("claim ")
    assert after.presented == (blocked if health.connection is Connection.BLOCKED else None)
    assert msgspec.structs.replace(presenting(after, None), tls=before.tls) == presenting(before, None)
    told = ANSWERS[answer].leaf and before.pin
    assert after.tls == ("TLS 1.3" if told else "TLS 1.2")
    assert certificate_field(after.scheme, after.pin.origin if after.pin else None) is FIELDS[state.split(", ")[0]]


# What becomes of a device that shows the row when the technician does the column, at the look after that.
#
# `on` and `off`, as HTTPS (Arcules); `own`, as HTTPS (Device); `http`; `bare`, without a certificate; `BLK X`, blocked
# by X; `gone`. `:X` X is pinned now in place of what was. `!` another attention than the usual one of this state. `-`
# the command was refused. `*X` more than handshakes was sent to whoever has the key of X; `*HTTP` the same over plain
# HTTP, where the device is asked, without a login, for its HTTPS port.
#
# P is the pin, F was it formerly, O is another leaf, N is pinned to another device, K has the key of P. A technician
# accepts what was reviewed, or something else, or what was reviewed after that changed to Y, and replaces the device
# naming what was reviewed, or nothing. What shows no leaf was reviewed when it last showed one.
TRUSTED = """
                 nothing  accept     accept else  accept late  replace       replace unseen  reissue  remove
P                on       -on        -on          -BLK Y       on*P          on*P            on*P     gone
O                BLK O    on:O       -BLK O       -BLK Y       own:O*O       -BLK O          -BLK O   gone
F                BLK F    on:F       -BLK F       -BLK Y       own:F*F       -BLK F          -BLK F   gone
N                BLK N    on:N!twin  -BLK N       -BLK Y       own:N!twin*N  -BLK N          -BLK N   gone
K                BLK K    on:K       -BLK K       -BLK Y       own:K*K       -BLK K          -BLK K   gone
port closed      off      -off       -off         -BLK Y       off           off             off      gone
TLS fails        off!tls  -off!tls   -off!tls     -BLK Y       off!tls       off!tls         off!tls  gone
HTTP instead     off      -off       -off         -BLK Y       off           off             off      gone
HTTP elsewhere   off      -off       -off         -BLK Y       off           off             off      gone
"""
OWN = """
                nothing      accept        accept else   accept late  replace        replace unseen  reissue      remove
P               own          on:P          -own          -own BLK Y   own*P          own*P           own*P        gone
O               own BLK O    on:O          -own BLK O    -own BLK Y   own:O*O        -own BLK O      -own BLK O   gone
F               own BLK F    on:F          -own BLK F    -own BLK Y   own:F*F        -own BLK F      -own BLK F   gone
N               own BLK N    on:N!twin     -own BLK N    -own BLK Y   own:N!twin*N   -own BLK N      -own BLK N   gone
K               own BLK K    on:K          -own BLK K    -own BLK Y   own:K*K        -own BLK K      -own BLK K   gone
port closed     own off      -own off      -own off      -own BLK Y   own off        own off         own off      gone
TLS fails       own off!tls  -own off!tls  -own off!tls  -own BLK Y   own off!tls    own off!tls     own off!tls  gone
HTTP instead    own off      -own off      -own off      -own BLK Y   own off        own off         own off      gone
HTTP elsewhere  own off      -own off      -own off      -own BLK Y   own off        own off         own off      gone
"""
BLOCKED = """
                 nothing  accept     accept else  accept late  replace       replace unseen  reissue  remove
X                BLK X    on:X       -BLK X       -BLK Y       own:X*X       -BLK X          -BLK X   gone
P                on       -on        -on          -BLK Y       on*P          on*P            on*P     gone
O                BLK O    on:O       -BLK O       -BLK Y       own:O*O       -BLK O          -BLK O   gone
F                BLK F    on:F       -BLK F       -BLK Y       own:F*F       -BLK F          -BLK F   gone
N                BLK N    on:N!twin  -BLK N       -BLK Y       own:N!twin*N  -BLK N          -BLK N   gone
K                BLK K    on:K       -BLK K       -BLK Y       own:K*K       -BLK K          -BLK K   gone
port closed      BLK X    -BLK X     -BLK X       -BLK Y       BLK X         -BLK X          -BLK X   gone
TLS fails        BLK X    -BLK X     -BLK X       -BLK Y       BLK X         -BLK X          -BLK X   gone
HTTP instead     BLK X    -BLK X     -BLK X       -BLK Y       BLK X         -BLK X          -BLK X   gone
HTTP elsewhere   BLK X    -BLK X     -BLK X       -BLK Y       BLK X         -BLK X          -BLK X   gone
"""
PLAIN = """
                 nothing   accept     accept else  accept late  replace   replace unseen  reissue    remove
HTTP instead     http      -http      -http        -http off    http      http            -http      gone
O                http off  -http off  -http off    -http off    http off  http off        -http off  gone
TLS fails        http off  -http off  -http off    -http off    http off  http off        -http off  gone
port closed      http off  -http off  -http off    -http off    http off  http off        -http off  gone
"""
BARE = """
                 nothing  accept     accept else  accept late  replace       replace unseen  reissue  remove
O                bare     on:O       -bare        -bare        own:O*O       own:O*O         -bare    gone
N                bare     on:N!twin  -bare        -bare        own:N!twin*N  own:N!twin*N    -bare    gone
port closed      bare     -bare      -bare        -bare        bare          bare            -bare    gone
TLS fails        bare     -bare      -bare        -bare        bare!tls      bare!tls        -bare    gone
HTTP instead     bare     -bare      -bare        -bare        bare          http*HTTP       -bare    gone
"""
TABLES = {
    "issued, online": TRUSTED,
    "issued, offline": TRUSTED,
    "accepted, online": TRUSTED,
    "device, online": OWN,
    "issued, blocked": BLOCKED,
    "http, online": PLAIN,
    "bare, offline": BARE,
}


@pytest.mark.parametrize("start", TABLES)
async def test_every_decision_leads_where_the_table_says(folder: Path, start: str) -> None:
    table = rows(TABLES[start])
    acts = tuple(next(iter(table.values())))
    became = await play(folder, start, list(STARTS).index(start), tuple(table), acts)
    assert cells(became) == cells(table)
