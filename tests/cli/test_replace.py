"""Replacing and re-issuing, against an engine with ready answers."""

import msgspec
import pytest

from core.model.device import CertificateField, Connection, Origin
from core.model.messages import LookAt, ReissueCertificate, ReplaceDevice, ReviewDevice, ShowDevice
from core.model.secret import Secret
from tests.cli.conftest import Scene
from tests.cli.scripted import BLOCKED, DOCK, FINGERPRINT, LOBBY, OTHER
from tests.cli.shell import Terminal

ON_HTTP = msgspec.structs.replace(DOCK, certificate_field=CertificateField.HTTP, fingerprint=None)


@pytest.fixture
def quiet(scene: Scene) -> Scene:
    """An engine whose installs go well: no step of the last one failed."""
    scene.engine.install = msgspec.structs.replace(scene.engine.install, steps=scene.engine.install.steps[:1])
    return scene


def replacing(scene: Scene) -> ReplaceDevice:
    (command,) = (command for command in scene.engine.asked if isinstance(command, ReplaceDevice))
    return command


async def test_replace_hands_over_what_was_typed(quiet: Scene) -> None:
    typed = ("--user", "admin", "--password-file", "-", "--allow-http-login", "--enable-https", "--patience", "7.5")
    expected = ("--expect-fingerprint", ":".join(["AB"] * 32))
    replaced = await quiet.shell.run(
        "replace", "Loading dock", "192.168.20.40:4443", *typed, *expected, "--json", stdin=b"s e cret\n"
    )

    assert (replaced.code, replaced.json["id"]) == (0, DOCK.id)
    assert replacing(quiet) == ReplaceDevice(
        device=DOCK.id,
        address="192.168.20.40:4443",
        user="admin",
        password=Secret("s e cret"),
        allow_http_login=True,
        enable_https=True,
        expect="ab" * 32,
        patience=7.5,
    )


async def test_a_device_in_its_old_place_is_expected_to_show_what_is_stored(quiet: Scene) -> None:
    replaced = await quiet.shell.run("replace", "Loading dock")

    assert replaced.code == 0
    assert replacing(quiet) == ReplaceDevice(device=DOCK.id, expect=FINGERPRINT)
    assert "First contact" not in replaced.err


@pytest.mark.parametrize(
    ("device", "arguments", "address"),
    [(DOCK, ("192.168.20.40",), "192.168.20.40"), (ON_HTTP, (), "192.168.20.14")],
)
async def test_what_nobody_vouches_for_is_told_as_first_contact(
    quiet: Scene, device: object, arguments: tuple[str, ...], address: str
) -> None:
    assert device in (DOCK, ON_HTTP)
    quiet.engine.put(DOCK if device is DOCK else ON_HTTP)

    replaced = await quiet.shell.run("replace", "Loading dock", *arguments)

    assert replacing(quiet).expect is None
    assert LookAt(addresses=(address,)) in quiet.engine.asked
    assert f"{address} shows SHA-256 ab12 ab12" in replaced.err
    assert "First contact" in replaced.err


@pytest.mark.parametrize("command", ["replace", "reissue"])
async def test_that_an_accepted_certificate_is_taken_out_of_use_is_told(quiet: Scene, command: str) -> None:
    issued = await quiet.shell.run(command, "Loading dock")
    quiet.engine.put(msgspec.structs.replace(DOCK, origin=Origin.ACCEPTED))
    accepted = await quiet.shell.run(command, "Loading dock")

    assert (issued.code, accepted.code) == (0, 0)
    assert "taken out of use" not in issued.err
    told = " ".join(accepted.err.split())
    assert "somebody reviewed and accepted it. It is taken out of use." in told
    assert "A camera that cannot take a certificate of ours keeps the one that it has." in told


async def test_a_blocked_device_is_not_replaced_unseen(quiet: Scene) -> None:
    quiet.engine.put(BLOCKED)

    refused = await quiet.shell.run("replace", "Loading dock", stdin=b"yes\n")

    assert (refused.code, refused.out, refused.one_clear_line()) == (2, b"", True)
    assert quiet.engine.asked == [ShowDevice(device="Loading dock")]


async def test_a_blocked_device_is_replaced_by_what_was_reviewed(quiet: Scene) -> None:
    quiet.engine.put(BLOCKED)

    replaced = await quiet.shell.run("replace", "Loading dock", "--expect-fingerprint", OTHER)

    assert replaced.code == 0
    assert replacing(quiet).expect == OTHER


@pytest.mark.parametrize(("typed", "code"), [(b"0c2d35b9\n", 0), (b"yes\n", 0), (b"\n", 3), (b"y\n", 3)])
async def test_on_a_terminal_a_blocked_device_is_compared_first(quiet: Scene, typed: bytes, code: int) -> None:
    quiet.engine.put(BLOCKED)

    async with Terminal(quiet.shell, "replace", "Loading dock") as terminal:
        await terminal.until(b"Anything else keeps")
        assert b"To log in to it and install a certificate, type yes or the last 8 digits" in terminal.said
        terminal.type(typed)
        assert await terminal.end() == code

    sent = [command.expect for command in quiet.engine.asked if isinstance(command, ReplaceDevice)]
    assert sent == ([OTHER] if code == 0 else [])
    assert ReviewDevice(device=DOCK.id) in quiet.engine.asked


async def test_a_blocked_device_in_another_place_is_what_is_seen_there(quiet: Scene) -> None:
    quiet.engine.put(BLOCKED)

    async with Terminal(quiet.shell, "replace", "Loading dock", "192.168.20.40") as terminal:
        await terminal.until(b"Anything else keeps")
        assert b"192.168.20.40 shows SHA-256 ab12 ab12" in terminal.said
        terminal.type(FINGERPRINT[-8:].encode() + b"\n")
        assert await terminal.end() == 0

    assert replacing(quiet) == ReplaceDevice(device=DOCK.id, address="192.168.20.40", expect=FINGERPRINT)


@pytest.mark.parametrize(("problem", "code"), [("192.168.20.40 does not answer", 4), (None, 1)])
async def test_a_blocked_device_is_not_replaced_by_what_shows_no_certificate(
    quiet: Scene, problem: str | None, code: int
) -> None:
    quiet.engine.put(BLOCKED)
    quiet.engine.look = msgspec.structs.replace(
        quiet.engine.look, certificate=None, problem=problem, way="" if problem else "HTTP only"
    )

    async with Terminal(quiet.shell, "replace", "Loading dock", "192.168.20.40") as terminal:
        assert await terminal.end() == code

    assert not any(isinstance(command, ReplaceDevice) for command in quiet.engine.asked)


@pytest.mark.parametrize("arguments", [("replace", "Loading dock"), ("reissue", "Loading dock")])
async def test_what_was_not_done_is_1_though_the_device_is_as_good_as_before(
    scene: Scene, arguments: tuple[str, ...]
) -> None:
    failed = await scene.shell.run(*arguments, "--json")

    assert (failed.code, failed.json["connection"]) == (1, "online")
    assert failed.err.endswith("HTTPS (Device): login refused\n  Try another password.\n")


async def test_reissue_waits_and_tells_what_became_of_it(quiet: Scene) -> None:
    renewed = await quiet.shell.run("reissue", "Loading dock", "--json")

    assert (renewed.code, renewed.json["id"]) == (0, DOCK.id)
    assert ReissueCertificate(device=DOCK.id) in quiet.engine.asked
    assert "First contact" not in renewed.err


async def test_a_device_that_needs_review_after_it_is_3(quiet: Scene) -> None:
    quiet.engine.ends = LOBBY

    assert (await quiet.shell.run("reissue", "Lobby")).code == 3


@pytest.mark.parametrize("arguments", [("replace", "Loading dock"), ("reissue", "Loading dock")])
async def test_with_no_wait_both_return_at_once(scene: Scene, arguments: tuple[str, ...]) -> None:
    scene.engine.ends = None

    begun = await scene.shell.run(*arguments, "--no-wait", "--json")

    assert (begun.code, begun.json["connection"]) == (0, Connection.ADDING.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("replace",),
        ("replace", "Lobby", "--expect-fingerprint", "ab"),
        ("replace", "Lobby", "--user", "admin"),
        ("replace", "Lobby", "--password-file", "-"),
        ("replace", "Lobby", "192.168.20.1", "192.168.20.2"),
        ("reissue",),
        ("reissue", "Lobby", "--user", "admin"),
    ],
)
async def test_what_cannot_be_meant_is_2_and_reaches_no_engine(scene: Scene, arguments: tuple[str, ...]) -> None:
    refused = await scene.shell.run(*arguments)

    assert (refused.code, refused.out) == (2, b"")
    assert scene.engine.asked == []
