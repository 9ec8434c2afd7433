"""Comparing, accepting and checking, against an engine with ready answers."""

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection
from core.model.errors import CamtrustError, ExitCode, NotReachedError, RefusedError
from core.model.messages import AcceptCertificate, CheckDevices, ListDevices, ReviewDevice, ShowDevice
from core.model.review import Review
from tests.cli.conftest import Scene
from tests.cli.scripted import BLOCKED, CERTIFICATE, DOCK, FINGERPRINT, FOUND, LOBBY, OTHER, REVIEW
from tests.cli.shell import Terminal
from tui.follow import check_code

COMPARISON = """\
Loading dock (192.168.20.14): Error with device certificate

Probably, worst first
  The key is another one
    A restart can do that. So can another device.
  Back to the maker's own certificate
    A factory reset does this.

Stored
  Origin  issued by this gateway
  By      tech1, 2020-02-03

Certificates
  !=  Subject  stored     cam-14.gw.cam.internal
               presented  mx-2240
  !=  Names    stored     192.168.20.14
                          cam-14.gw.cam.internal
               presented  -
   =  Key                 RSA 3072
  !=  SHA-256  stored     ab12 ab12 ab12 ab12 ab12 ab12 ab12 ab12
                          ab12 ab12 ab12 ab12 ab12 ab12 ab12 ab12
               presented  99ff 99ff 99ff 99ff 99ff 99ff 99ff 99ff
                          99ff 99ff 99ff 99ff 99ff 99ff 0c2d 35b9
"""

QUEUE = """\
Back to the maker's own certificate (2 devices)
      NAME          ADDRESS        STORED            PRESENTED
  !!  Loading dock  192.168.20.14  ab12 ab12 … ab12  99ff 99ff … 35b9
  !!  Till          192.168.20.17  ab12 ab12 … ab12  99ff 99ff … 35b9

The device's own certificate, not accepted yet (1 device)
     NAME   ADDRESS             STORED            PRESENTED
  ?  Lobby  192.168.20.11:4443  cd34 cd34 … cd34  the same

camtrust review DEVICE compares, camtrust accept DEVICE decides.
"""

OTHER_NOW = "77be" * 16


def showing(fingerprint: str) -> Review:
    assert REVIEW.presented is not None
    presented = msgspec.structs.replace(REVIEW.presented, fingerprint=fingerprint)
    changed = msgspec.structs.replace(REVIEW.differences[-1], presented=fingerprint)
    return msgspec.structs.replace(REVIEW, presented=presented, differences=(*REVIEW.differences[:-1], changed))


def accepting(reason: str = "") -> AcceptCertificate:
    return AcceptCertificate(device=DOCK.id, fingerprint=OTHER, reason=reason)


async def test_review_tells_why_worst_first_and_each_field_of_both(scene: Scene) -> None:
    reviewed = await scene.shell.run("review", "Loading dock")

    assert (reviewed.code, reviewed.err) == (3, "")
    assert reviewed.text == COMPARISON
    assert scene.engine.asked == [ReviewDevice(device="Loading dock")]


async def test_review_prints_the_review_itself_as_json(scene: Scene) -> None:
    reviewed = await scene.shell.run("review", "Loading dock", "--json")

    assert reviewed.code == 3
    assert msgspec.convert(reviewed.json, Review) == REVIEW


async def test_review_of_what_is_settled_is_0(scene: Scene) -> None:
    scene.engine.reviews = [Review(device=DOCK, stored=CERTIFICATE, presented=CERTIFICATE)]

    assert (await scene.shell.run("review", "Loading dock")).code == 0


async def test_review_without_a_device_lists_what_is_undecided_by_its_reason(scene: Scene) -> None:
    till = msgspec.structs.replace(BLOCKED, id="x", name="Till", address="192.168.20.17", host="192.168.20.17")
    scene.engine.put(till, BLOCKED, FOUND)

    reviewed = await scene.shell.run("review")

    assert (reviewed.code, reviewed.text) == (3, QUEUE)
    grouped = (await scene.shell.run("review", "--json")).json
    assert [group["reason"] for group in grouped] == [BLOCKED.change, "The device's own certificate, not accepted yet"]
    assert [[device["name"] for device in group["devices"]] for group in grouped] == [
        ["Loading dock", "Till"],
        ["Lobby"],
    ]


async def test_review_with_nothing_to_decide_is_0(scene: Scene) -> None:
    scene.engine.board.drop(LOBBY.id)

    reviewed = await scene.shell.run("review")

    assert (reviewed.code, reviewed.text) == (0, "Nothing to review.\n")
    assert (await scene.shell.run("review", "--json")).json == []


async def test_accept_sends_exactly_the_fingerprint_that_was_given(scene: Scene) -> None:
    typed = ":".join(OTHER[start : start + 2].upper() for start in range(0, 64, 2))

    accepted = await scene.shell.run("accept", "Loading dock", "--fingerprint", typed, "--reason", "firmware", "--json")

    assert (accepted.code, accepted.json["id"]) == (0, DOCK.id)
    assert scene.engine.asked == [
        ReviewDevice(device="Loading dock"),
        accepting("firmware"),
        ShowDevice(device=DOCK.id),
    ]


async def test_accept_tells_what_the_device_is_then(scene: Scene) -> None:
    accepted = await scene.shell.run("accept", "Loading dock", "--fingerprint", OTHER)

    assert accepted.text.startswith("Accepted. Loading dock (192.168.20.14) is online, HTTPS (Arcules).\nSHA-256 ab12 ")


@pytest.mark.parametrize("options", [(), ("--fingerprint", OTHER[-8:]), ("--fingerprint", "yes"), ("--reason", "x")])
async def test_accept_without_a_terminal_wants_all_of_the_fingerprint(scene: Scene, options: tuple[str, ...]) -> None:
    refused = await scene.shell.run("accept", "Loading dock", *options, stdin=b"yes\n")

    assert (refused.code, refused.out, refused.one_clear_line()) == (2, b"", True)
    assert scene.engine.asked == []


@pytest.mark.parametrize("typed", [b"yes\n", b"YES\n", b"0c2d35b9\n", b"0C2D 35B9\n"])
async def test_on_a_terminal_accepting_takes_a_deliberate_act(scene: Scene, typed: bytes) -> None:
    async with Terminal(scene.shell, "accept", "Loading dock") as terminal:
        await terminal.until(b"Anything else keeps the stored certificate: ")
        assert COMPARISON.encode() in terminal.said.replace(b"\r\n", b"\n")
        terminal.type(typed)
        await terminal.until(b"Reason")
        terminal.type(b" firmware round \n")
        assert await terminal.end() == 0

    assert scene.engine.asked[1] == accepting("firmware round")


@pytest.mark.parametrize("typed", [b"\n", b"y\n", b"no\n", b"35b9\n", b"ab12ab12\n", b"yes please\n"])
async def test_on_a_terminal_anything_else_keeps_what_is_stored(scene: Scene, typed: bytes) -> None:
    async with Terminal(scene.shell, "accept", "Loading dock") as terminal:
        await terminal.until(b"Anything else keeps")
        terminal.type(typed)
        assert await terminal.end() == 3
        assert b"camtrust: Nothing was changed: Loading dock (192.168.20.14) keeps its stored cert" in terminal.said

    assert scene.engine.asked == [ReviewDevice(device="Loading dock")]


async def test_an_interrupt_keeps_what_is_stored(scene: Scene) -> None:
    async with Terminal(scene.shell, "accept", "Loading dock") as terminal:
        await terminal.until(b"Anything else keeps")
        terminal.process.send_signal(2)
        assert await terminal.end() == 130

    assert scene.engine.asked == [ReviewDevice(device="Loading dock")]


async def test_a_reason_that_was_given_is_not_asked_for(scene: Scene) -> None:
    async with Terminal(scene.shell, "accept", "Loading dock", "--reason", "firmware") as terminal:
        await terminal.until(b"Anything else keeps")
        terminal.type(b"yes\n")
        assert await terminal.end() == 0
        assert b"Reason" not in terminal.said

    assert scene.engine.asked[1] == accepting("firmware")


async def test_with_a_fingerprint_nothing_is_asked_on_a_terminal(scene: Scene) -> None:
    async with Terminal(scene.shell, "accept", "Loading dock", "--fingerprint", OTHER) as terminal:
        assert await terminal.end() == 0
        assert b"Anything else keeps" not in terminal.said


async def test_another_certificate_than_the_compared_one_is_shown_anew_and_not_asked_about(scene: Scene) -> None:
    scene.engine.reviews = [REVIEW, showing(OTHER_NOW)]
    scene.engine.refuses, scene.engine.refused = RefusedError("Another one now", "Compare it."), (AcceptCertificate,)

    async with Terminal(scene.shell, "accept", "Loading dock", "--reason", "") as terminal:
        await terminal.until(b"Anything else keeps")
        terminal.type(b"yes\n")
        assert await terminal.end() == 1
        told = terminal.said.decode().partition("Anything else keeps")[2]

    assert "77be 77be" in told
    assert "0c2d 35b9" not in told
    assert "camtrust: Another one now" in told
    assert "Anything else keeps" not in told


async def test_a_refusal_of_what_is_still_shown_is_not_told_twice(scene: Scene) -> None:
    scene.engine.refuses, scene.engine.refused = NotReachedError("Not there", "Later."), (AcceptCertificate,)

    async with Terminal(scene.shell, "accept", "Loading dock", "--reason", "") as terminal:
        await terminal.until(b"Anything else keeps")
        terminal.type(b"yes\n")
        assert await terminal.end() == 4
        told = terminal.said.decode().partition("Anything else keeps")[2]

    assert "camtrust: Not there" in told
    assert "SHA-256" not in told


@pytest.mark.parametrize(
    "review",
    [
        Review(device=DOCK, stored=CERTIFICATE, presented=CERTIFICATE),
        Review(device=DOCK, stored=None, presented=None),
    ],
)
async def test_where_there_is_nothing_to_decide_nothing_is_asked(scene: Scene, review: Review) -> None:
    scene.engine.reviews = [review]

    async with Terminal(scene.shell, "accept", "Loading dock") as terminal:
        assert await terminal.end() == 1
        assert b"There is nothing to decide about Loading dock (192.168.20.14)." in terminal.said

    assert scene.engine.asked == [ReviewDevice(device="Loading dock")]


@pytest.mark.parametrize(("error", "code"), [(RefusedError("No.", "Do."), 1), (NotReachedError("No.", "Do."), 4)])
async def test_what_the_engine_does_not_accept_is_told_in_its_words(
    scene: Scene, error: CamtrustError, code: int
) -> None:
    scene.engine.refuses, scene.engine.refused = error, (AcceptCertificate,)

    refused = await scene.shell.run("accept", "Loading dock", "--fingerprint", OTHER)

    assert (refused.code, refused.out, refused.err) == (code, b"", "camtrust: No.\n  Do.\n")


async def test_check_prints_the_added_devices_worst_first(scene: Scene) -> None:
    scene.engine.put(FOUND)

    checked = await scene.shell.run("check")

    assert checked.code == 3
    assert [line.split()[0] for line in checked.text.splitlines()[1:3]] == ["review", "online"]
    assert "Gate" not in checked.text
    assert [device["name"] for device in (await scene.shell.run("check", "--json")).json] == ["Lobby", "Loading dock"]
    assert scene.engine.asked == [CheckDevices(), CheckDevices()]
    assert ListDevices() not in scene.engine.asked


async def test_check_asks_about_the_devices_that_are_named(scene: Scene) -> None:
    assert (await scene.shell.run("check", "Lobby", "192.168.20.14")).code == 3
    assert scene.engine.asked == [CheckDevices(devices=("Lobby", "192.168.20.14"))]


AWAY = msgspec.structs.replace(DOCK, connection=Connection.OFFLINE, attention_kind=AttentionKind.UNREACHABLE)
UNACCEPTED_AND_AWAY = msgspec.structs.replace(LOBBY, connection=Connection.OFFLINE)
TLS_FAILED = msgspec.structs.replace(DOCK, connection=Connection.OFFLINE, attention_kind=AttentionKind.TLS_FAILED)
EXPIRING = msgspec.structs.replace(DOCK, attention_kind=AttentionKind.EXPIRING)
AT_WORK = msgspec.structs.replace(DOCK, connection=Connection.ADDING)
ON_HTTP = msgspec.structs.replace(DOCK, certificate_field=CertificateField.HTTP, fingerprint=None)


def test_a_check_weighs_a_blocked_device_most_then_one_that_does_not_answer() -> None:
    assert check_code([]) is ExitCode.DONE
    assert check_code([DOCK, ON_HTTP, AT_WORK]) is ExitCode.DONE
    assert check_code([DOCK, EXPIRING]) is ExitCode.REVIEW
    assert check_code([DOCK, LOBBY]) is ExitCode.REVIEW
    assert check_code([DOCK, TLS_FAILED]) is ExitCode.REVIEW
    assert check_code([AWAY, EXPIRING, DOCK]) is ExitCode.UNREACHABLE
    assert check_code([UNACCEPTED_AND_AWAY]) is ExitCode.UNREACHABLE
    assert check_code([AWAY, BLOCKED, DOCK]) is ExitCode.REVIEW


def test_whatever_needs_a_person_is_no_good_check() -> None:
    for kind in AttentionKind:
        for connection in (Connection.ONLINE, Connection.OFFLINE, Connection.BLOCKED):
            device = msgspec.structs.replace(DOCK, attention_kind=kind, connection=connection)
            assert check_code([device]) in (ExitCode.REVIEW, ExitCode.UNREACHABLE)


async def test_a_fingerprint_of_ours_is_never_taken_for_the_one_that_is_shown(scene: Scene) -> None:
    async with Terminal(scene.shell, "accept", "Loading dock") as terminal:
        await terminal.until(b"Anything else keeps")
        terminal.type(FINGERPRINT.encode() + b"\n")
        assert await terminal.end() == 3

    assert not any(isinstance(command, AcceptCertificate) for command in scene.engine.asked)
