"""What the commands print and return, against an engine with ready answers."""

import os
import ssl

import msgspec
import pytest

from core.model.device import Attention, AttentionKind, CertificateField, Connection, DeviceView
from core.model.errors import RefusedError, StateBusyError, UsageError
from core.model.messages import AddDevices, ListDevices, ReadEvents, RemoveDevice, ShowDevice, StopEngine
from core.model.secret import Secret
from core.model.sighting import Kind
from tests.cli.conftest import Scene
from tests.cli.scripted import DER, DOCK, FINGERPRINT, LOBBY

KEYS_THAT_STAY = {
    "id",
    "name",
    "address",
    "certificate_field",
    "connection",
    "attention",
    "fingerprint",
    "not_after",
    "issuer",
    "video",
    "model",
}


async def test_list_prints_an_array_of_devices_with_the_keys_that_stay(scene: Scene) -> None:
    listed = await scene.shell.run("list", "--json")

    assert listed.code == 0
    assert [device["name"] for device in listed.json] == ["Lobby", "Loading dock"]
    assert all(device.keys() >= KEYS_THAT_STAY for device in listed.json)
    assert listed.json[1]["certificate_field"] == "HTTPS (Arcules)"
    assert listed.json[1]["connection"] == "online"
    assert listed.json[1]["fingerprint"] == FINGERPRINT


async def test_list_leaves_out_what_is_no_camera_unless_all_is_wanted(scene: Scene) -> None:
    scene.engine.put(DeviceView("p", "Printer", "10.0.0.9", Connection.DISCOVERED, kind=Kind.OTHER))

    assert "Printer" not in (await scene.shell.run("list")).text
    assert "Printer" in (await scene.shell.run("list", "--all")).text
    assert len((await scene.shell.run("list", "--json")).json) == 2
    assert len((await scene.shell.run("list", "--json", "--all")).json) == 3


async def test_list_prints_a_table_and_what_a_person_has_to_do(scene: Scene) -> None:
    listed = await scene.shell.run("list")

    assert listed.text == (
        "STATE   NAME          ADDRESS             CERTIFICATE      EXPIRES\n"
        "review  Lobby         192.168.20.11:4443  HTTPS (Device)   2027-02\n"
        "online  Loading dock  192.168.20.14       HTTPS (Arcules)  2036-11\n"
        "\n"
        "Lobby (192.168.20.11:4443): The device's own certificate, not accepted yet\n"
        "  Compare its fingerprint with the one that the camera shows on its own page.\n"
    )
    assert listed.err == ""


async def test_show_prints_one_object_with_the_devices_keys_on_top(scene: Scene) -> None:
    shown = await scene.shell.run("show", "Loading dock", "--json")

    assert shown.code == 0
    assert shown.json.keys() >= KEYS_THAT_STAY
    assert shown.json["id"] == DOCK.id
    assert shown.json["stored_certificate"]["key"] == "RSA 3072"
    assert shown.json["presented_certificate"] is None
    assert shown.json["install"]["finished"] is True
    assert [event["who"] for event in shown.json["events"]] == ["tech1"]


async def test_show_tells_all_of_a_device_in_lines(scene: Scene) -> None:
    shown = await scene.shell.run("show", DOCK.id)

    for expected in (
        "Loading dock",
        DOCK.id,
        "HTTPS (Arcules)",
        "ab12 ab12",
        "RSA 3072",
        "x  2  Log in",
        "added by tech1",
    ):
        assert expected in shown.text


async def test_a_device_that_does_not_exist_is_one_clear_line_and_1(scene: Scene) -> None:
    shown = await scene.shell.run("show", "nothing")

    assert (shown.code, shown.out) == (1, b"")
    assert shown.err == "camtrust: There is no device 'nothing'\n  camtrust list shows them.\n"


async def test_events_prints_an_array_and_asks_for_as_many_as_wanted(scene: Scene) -> None:
    events = await scene.shell.run("events", "--limit", "5", "--device", "Lobby", "--json")

    assert events.code == 0
    assert events.json[0]["text"] == "added by tech1"
    assert scene.engine.asked == [ReadEvents(limit=5, device="Lobby")]


async def test_remove_asks_nothing_without_a_terminal_and_removes_by_id(scene: Scene) -> None:
    removed = await scene.shell.run("remove", "Lobby")

    assert (removed.code, removed.text) == (0, "Removed Lobby (192.168.20.11:4443).\n")
    assert scene.engine.asked == [ShowDevice(device="Lobby"), RemoveDevice(device=LOBBY.id)]


async def test_authority_show_prints_certificate_and_protection(scene: Scene) -> None:
    shown = await scene.shell.run("authority", "show", "--json")

    assert shown.json["fingerprint"] == FINGERPRINT
    assert shown.json["protection"] == "key file readable by this account only"


async def test_authority_export_writes_the_raw_certificate(scene: Scene) -> None:
    written = await scene.shell.run("authority", "export")

    assert written.code == 0
    assert (scene.shell.home / "camtrust-authority-ab12ab12.cer").read_bytes() == DER


async def test_add_prints_one_object_for_one_address(scene: Scene) -> None:
    added = await scene.shell.run("add", "192.168.20.14", "--json")

    assert added.code == 0
    assert added.json["certificate_field"] == "HTTPS (Arcules)"


async def test_add_prints_an_array_for_several_addresses(scene: Scene) -> None:
    added = await scene.shell.run("add", "192.168.20.14", "192.168.20.15", "--json")

    assert added.code == 0
    assert [device["id"] for device in added.json] == [DOCK.id]


async def test_add_tells_the_fingerprint_and_what_first_contact_means_beside_the_result(scene: Scene) -> None:
    added = await scene.shell.run("add", "192.168.20.14", "--json")

    assert "192.168.20.14 shows SHA-256 ab12 ab12" in added.err
    assert "First contact" in added.err
    assert b"First contact" not in added.out


async def test_add_hands_over_what_was_typed(scene: Scene) -> None:
    typed = ("--user", "admin", "--password-file", "-", "--name", "Gate", "--patience", "7.5")
    agreed = ("--allow-http-login", "--enable-https")
    expected = ":".join(["AB"] * 32)
    await scene.shell.run(
        "add", "cam-7.local", *typed, *agreed, "--expect-fingerprint", expected, stdin=b"s e cret\r\nmore\n"
    )

    assert scene.engine.asked[-1] == AddDevices(
        addresses=("cam-7.local",),
        user="admin",
        password=Secret("s e cret"),
        names=("Gate",),
        allow_http_login=True,
        enable_https=True,
        expect="ab" * 32,
        patience=7.5,
    )


async def test_add_with_no_wait_returns_at_once_with_the_device_as_it_is(scene: Scene) -> None:
    scene.engine.ends = None

    added = await scene.shell.run("add", "192.168.20.14", "--no-wait", "--json")

    assert (added.code, added.json["connection"]) == (0, "adding")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"certificate_field": CertificateField.HTTP, "fingerprint": None}, 0),
        ({"certificate_field": CertificateField.DEVICE, "attention_kind": AttentionKind.REVIEW_LEAF}, 3),
        ({"attention_kind": AttentionKind.LOGIN_REFUSED}, 3),
        ({"attention_kind": AttentionKind.REVIEW_CHANGE, "connection": Connection.BLOCKED}, 3),
        ({"attention_kind": AttentionKind.UNREACHABLE, "connection": Connection.OFFLINE}, 4),
    ],
)
async def test_add_returns_what_became_of_the_device(scene: Scene, changes: dict[str, object], code: int) -> None:
    scene.engine.ends = msgspec.structs.replace(DOCK, **changes)

    assert (await scene.shell.run("add", "192.168.20.14", "--json")).code == code


async def test_add_says_that_the_work_goes_on_when_it_is_interrupted(scene: Scene) -> None:
    scene.engine.ends = None
    process = await scene.shell.start("add", "192.168.20.14")
    assert process.stderr is not None
    said = b""
    while b"camera's own page" not in said:
        said += await process.stderr.readuntil(b"\n")

    process.send_signal(2)
    _, rest = await process.communicate()

    assert process.returncode == 130
    assert b"The work goes on in the engine" in rest


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError("No.", "Do."), 2), (RefusedError("No.", "Do."), 1), (StateBusyError("No.", "Do."), 5)],
)
async def test_what_the_engine_refuses_is_said_in_its_words_and_returned(
    scene: Scene, error: RefusedError, code: int
) -> None:
    scene.engine.refuses = error

    refused = await scene.shell.run("list")

    assert (refused.code, refused.out, refused.err) == (code, b"", "camtrust: No.\n  Do.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("add",),
        ("add", "192.168.20.14", "--patience", "-1"),
        ("add", "192.168.20.14", "--password", "x"),
        ("add", "192.168.20.14", "192.168.20.15", "--name", "Gate"),
        ("add", "192.168.20.14", "192.168.20.15", "--expect-fingerprint", "ab" * 32),
        ("add", "192.168.20.14", "--expect-fingerprint", "ab" * 31),
        ("add", "192.168.20.14", "--password-file", "-"),
        ("add", "192.168.20.14", "--user", "admin"),
        ("add", "192.168.20.14", "--user", "admin", "--password-file", "/nowhere"),
        ("add", "192.168.20.14", "--user", "admin", "--password-file", "-"),
        ("events", "--limit", "0"),
        ("export", "Lobby", "--which", "both"),
        ("export", "Lobby", "-o", "-", "--json"),
        ("lits",),
    ],
)
async def test_what_cannot_be_meant_is_2_and_reaches_no_engine(scene: Scene, arguments: tuple[str, ...]) -> None:
    refused = await scene.shell.run(*arguments)

    assert (refused.code, refused.out) == (2, b"")
    assert refused.err
    assert "Traceback" not in refused.err
    assert scene.engine.asked == []


async def test_engine_stop_where_none_runs_starts_none(scene: Scene) -> None:
    scene.shell.options = ("--state-dir", str(scene.shell.home / "state"))

    stopped = await scene.shell.run("engine", "stop")

    assert stopped.code == 4
    assert stopped.one_clear_line()
    assert not (scene.shell.home / "state").exists()


async def test_engine_stop_passes_on_force(scene: Scene) -> None:
    # The engine is this very process, which does not end: what it said no to is told.
    scene.engine.refuses = RefusedError("An install is under way", "Wait.")

    stopped = await scene.shell.run("engine", "stop", "--force")

    assert (stopped.code, scene.engine.asked) == (1, [StopEngine(force=True)])


async def test_an_output_that_nobody_reads_is_no_crash(scene: Scene) -> None:
    nobody, output = os.pipe()
    os.close(nobody)
    try:
        process = await scene.shell.start_into(output, "list", "--json")
    finally:
        os.close(output)
    _, err = await process.communicate()

    assert (process.returncode, err) == (1, b"")


async def test_text_that_the_locale_cannot_show_is_escaped(scene: Scene) -> None:
    scene.engine.put(DeviceView(id="n", name="Büro ⟨001B⟩", address="10.0.0.9", connection=Connection.ONLINE))

    listed = await scene.shell.run("list", PYTHONIOENCODING="latin-1")

    assert listed.code == 0
    assert b"B\xfcro \\u27e8001B\\u27e9" in listed.out


async def test_export_writes_der_that_is_the_pem(scene: Scene) -> None:
    await scene.shell.run("export", "Lobby", "-o", "lobby.cer")
    await scene.shell.run("export", "Lobby", "-o", "lobby.pem", "--pem")

    assert (scene.shell.home / "lobby.cer").read_bytes() == DER
    assert ssl.PEM_cert_to_DER_cert((scene.shell.home / "lobby.pem").read_text()) == DER
    assert ListDevices() not in scene.engine.asked


def test_every_kind_of_attention_is_told_by_an_exit_code() -> None:
    from core.model.errors import ExitCode
    from tui.follow import exit_code

    for kind in AttentionKind:
        attention = Attention(kind, "x")
        device = msgspec.structs.replace(DOCK, attention=attention.text, attention_kind=kind)
        assert exit_code([device]) in (ExitCode.REVIEW, ExitCode.UNREACHABLE)
