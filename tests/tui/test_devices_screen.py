"""The main screen, by keyboard, at 80x24."""

from pathlib import Path

import msgspec

from core.model.device import AttentionKind, Connection
from core.model.errors import RefusedError
from core.model.messages import (
    AnyCommand,
    AnyResult,
    CancelScan,
    CheckDevices,
    Devices,
    ReadEvents,
    RemoveDevice,
    Rescan,
    Scanned,
    ScanNetworks,
    ScanView,
)
from core.model.rollout import StartRollout
from core.model.sighting import Kind, SourceStatus
from core.model.video import Video
from tests.tui.driving import Running, running
from tests.tui.engine import RESET, ScriptedEngine, added, blocked, found, install, over_http, review
from tui.screens.devices import DevicesScreen
from tui.site import EVENTS_KEPT


def table_lines(run: Running) -> list[str]:
    return run.screen()[2:-2]


def devices_screen(run: Running) -> DevicesScreen:
    screen = run.app.screen_stack[0]
    assert isinstance(screen, DevicesScreen)
    return screen


def cursor_line(run: Running) -> int:
    rows = devices_screen(run).table.list
    return rows.index - rows.top


async def test_the_first_screen_says_who_where_and_what_needs_a_person(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS P3265-V"), over_http(9, "Car park"), review(11, "Lobby"), blocked(14, "Loading dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        lines = run.screen()
        assert lines[0].startswith(" camtrust  gw-042")
        assert lines[0].rstrip().endswith("· 4 devices · 1 BLOCKED · 1 review")
        assert lines[2].startswith(" !! BLOCKED         Loading dock    192.168.20.14        HTTPS (Arcules) 2036-11")
        assert lines[3].startswith(" ?  review          Lobby           192.168.20.11        HTTPS (Device)  2036-11")
        assert lines[4].startswith(" -  online          Car park        192.168.20.9         HTTP     no certificate")
        assert lines[5].startswith(" +  found           AXIS P3265-V    192.168.20.33        not added")
        assert lines[-1].split("  ")[:4] == [" Enter Details", "c Certificate", "r Replace", "v Review"]
        assert all(len(line) == 80 for line in lines)


async def test_sources_are_below_the_table_with_their_problems_first(engine: ScriptedEngine, tmp_path: Path) -> None:
    sources = (SourceStatus("WS-Discovery", 40, 2, devices=11), SourceStatus("scan", problem="no network"))
    engine.status = msgspec.structs.replace(engine.status, sources=sources)
    async with running(tmp_path, engine) as run:
        await run.sees("scan: no network · WS-Discovery 11 (2 unreadable)", "rescan in 40 s")


async def test_a_live_change_is_shown_in_its_row_and_the_cursor_stays(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "b"), added(3, "c"), added(4, "d"))
    async with running(tmp_path, engine) as run:
        await run.sees("d")
        await run.press("down", "down")
        engine.show(blocked(4, "d"), blocked(9, "new"))
        await run.sees("2 BLOCKED")
        assert table_lines(run)[2].startswith(" !! BLOCKED         d")
        assert cursor_line(run) == 2
        device = devices_screen(run).table.device
        assert device is not None
        assert device.name == "d"


async def test_only_a_line_that_changed_is_drawn_again(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(added(number, f"cam {number}") for number in range(10, 60)))
    async with running(tmp_path, engine) as run:
        await run.sees("cam 20")
        asked: list[int] = []
        table = devices_screen(run).table
        draw = table.render_line

        def counted(y: int) -> object:
            asked.append(y)
            return draw(y)

        table.render_line = counted  # type: ignore[method-assign, assignment]
        engine.show(added(12, "cam 12", not_after="2031-05-05T00:00:00Z"), added(55, "cam 55", not_after=None))
        await run.sees("2031-05")
        assert asked == [3]


async def test_the_keys_of_vi_and_of_everybody_else_move_the_cursor(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(added(number, f"cam {number}") for number in range(10, 60)))
    async with running(tmp_path, engine) as run:
        await run.sees("cam 10")
        rows = devices_screen(run).table.list
        places = []
        for key in ("j", "down", "k", "up", "pagedown", "G", "g", "end", "home", "pageup"):
            await run.press(key)
            places.append(rows.index)
        assert places == [1, 2, 1, 0, 19, 49, 0, 49, 0, 0]
        await run.press("end")
        assert "50 of 50" in run.screen()[-2]
        assert "cam 59" in table_lines(run)[-1]


async def test_a_filter_is_typed_kept_and_ended(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate north"), added(3, "Gate south"), added(4, "Roof"), blocked(5, "Gate west"))
    async with running(tmp_path, engine) as run:
        await run.sees("Roof")
        await run.press("slash")
        await run.type("gate !south")
        await run.sees("Gate north", "Gate west", "Enter Keep")
        assert not any(name in run.text() for name in ("Roof", "Gate south"))
        await run.press("enter")
        await run.sees("Filter gate !south  2 of 4 devices")
        await run.press("escape")
        await run.sees("Roof", "Gate south")


async def test_esc_while_typing_drops_the_filter(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), added(4, "Roof"))
    async with running(tmp_path, engine) as run:
        await run.sees("Roof")
        await run.press("slash", "g", "q", "escape")
        await run.sees("Roof", "Enter Details")


async def test_the_table_can_be_sorted(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "zebra"), added(3, "ant"))
    async with running(tmp_path, engine) as run:
        await run.sees("State^")
        await run.press("s", "S")
        await run.sees("Namev")
        assert [line.split()[2] for line in table_lines(run)[:2]] == ["zebra", "ant"]


async def test_a_verb_that_is_not_possible_says_why(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(over_http(9, "Car park"))
    async with running(tmp_path, engine) as run:
        await run.sees("Car park")
        await run.press("c")
        await run.sees("Car park is on plain HTTP; it has no certificate.")
        await run.press("i")
        await run.sees("Nothing is being installed on Car park.")


async def test_the_hint_of_the_device_at_the_cursor_is_in_the_status_line(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    refused = added(5, "Gate", attention="The login was refused", attention_kind=AttentionKind.LOGIN_REFUSED)
    engine.show(msgspec.structs.replace(refused, attention_hint="2 attempts are left."))
    async with running(tmp_path, engine) as run:
        await run.sees("login refused", "The login was refused. 2 attempts are left.")


async def test_rescan_and_remove_ask_the_engine(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await run.press("R")
        await run.sees("The network is being asked again.")
        assert Rescan() in engine.asked
        await run.press("D")
        await run.sees("Remove Gate, 192.168.20.2?")
        await run.press("enter")
        await run.no_longer_sees("Remove Gate")
        assert RemoveDevice(device="cam-2") not in engine.asked
        await run.press("D")
        await run.sees("Remove Gate")
        await run.press("down", "enter")
        await run.sees("Gate is removed.", "No devices yet")
        assert RemoveDevice(device="cam-2") in engine.asked


async def test_marked_devices_are_added_together(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33), found(34), found(35), added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("down", "space", "space", "a")
        await run.sees("Bring 2 devices to HTTPS", "for all; left empty")
        await run.press("enter")
        await run.sees("Rollout of 2 devices", "Waiting: 2")
        commands = [command for command in engine.asked if isinstance(command, StartRollout)]
        assert [command.devices for command in commands] == [("found:192.168.20.33", "found:192.168.20.34")]
        await run.press("escape")
        await run.sees("> rollout 0/2 (m)")
        assert not any(line.startswith("*") for line in table_lines(run))


async def test_enter_on_a_device_that_is_being_added_shows_its_steps(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(21, "Gate", Connection.ADDING, step=6, steps=10))
    engine.board.put_install(install("cam-21", 6))
    async with running(tmp_path, engine) as run:
        await run.sees("adding 6/10")
        await run.press("enter")
        await run.sees("step 6 of 10 · 0:23")
        await run.press("escape", "i")
        await run.sees("step 6 of 10 · 0:23")


async def test_events_are_read_and_followed(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.board.load_events([])
    engine.tell(1, "blocked: another certificate", device="cam-2", name="Gate")
    async with running(tmp_path, engine) as run:
        await run.press("e")
        await run.sees("Events, newest first", "Gate              blocked: another certificate")
        engine.tell(2, "certificate installed")
        await run.sees("certificate installed")
        assert "certificate installed" in run.screen()[1]
        await run.press("q")
        await run.sees("No devices yet")


async def test_the_events_of_one_device_can_be_read_alone(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), added(3, "Roof"))
    engine.tell(1, "gate blocked", device="cam-2", name="Gate")
    engine.tell(2, "roof offline", device="cam-3", name="Roof")
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await run.press("e")
        await run.sees("gate blocked", "roof offline", "f One device")
        await run.press("f")
        await run.sees(" Events of Gate, 192.168.20.2 ", "gate blocked")
        assert "roof offline" not in run.text()
        await run.until(lambda: ReadEvents(limit=EVENTS_KEPT, device="cam-2") in engine.asked)
        engine.tell(3, "gate accepted", device="cam-2", name="Gate")
        engine.tell(4, "roof online", device="cam-3", name="Roof")
        await run.sees("gate accepted")
        assert "roof online" not in run.text()
        await run.press("f")
        await run.sees(" Events, newest first", "roof online", "gate accepted")


async def test_every_device_can_be_looked_at_now(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), blocked(3, "Roof"), added(4, "Yard", Connection.OFFLINE), review(5, "Hall"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await run.press("C")
        await run.sees("4 devices looked at: 1 blocked, 1 offline, 1 to review.")
        engine.answers[CheckDevices] = lambda _: Devices((added(2, "Gate"),))
        await run.press("C")
        await run.sees("1 device looked at: all well.")
        engine.answers[CheckDevices] = lambda _: Devices(())
        await run.press("C")
        await run.sees("No device is added yet.")


async def test_what_ends_soon_and_what_is_shared_is_seen_at_a_glance(engine: ScriptedEngine, tmp_path: Path) -> None:
    ends = {"attention": "Certificate expires in 19 days", "attention_kind": AttentionKind.EXPIRING}
    shared = {"attention": "Hall shows the same certificate", "attention_kind": AttentionKind.SAME_CERTIFICATE}
    engine.show(
        msgspec.structs.replace(added(2, "Gate", not_after="2026-12-13T12:00:00Z"), **ends, attention_hint="Re-issue."),
        msgspec.structs.replace(added(3, "Roof"), **shared, attention_hint="Replace it."),
    )
    async with running(tmp_path, engine) as run:
        await run.sees(
            "2 devices · 1 review · 1 expiring",
            " ?  shared cert.    Roof            192.168.20.3 ",
            " ~  online          Gate            192.168.20.2         HTTPS (Arcules) 19 days",
            "Hall shows the same certificate. Replace it.",
        )
        await run.press("down", "enter")
        await run.sees("To do         Certificate expires in 19 days. Re-issue.")


async def test_the_verbs_below_are_those_of_the_device_at_the_cursor(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), added(21, "Yard", Connection.ADDING, step=6, steps=10), found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS")
        told = []
        for key in ("home", "down", "down"):
            await run.press(key)
            told.append(run.screen()[-1].rstrip())
        assert told == [
            " Enter Details  i Progress  a Add  / Filter  ? Help  Space Mark",
            " Enter Details  c Certificate  r Replace  / Filter  ? Help  Space Mark",
            " Enter Details  a Add  Space Mark  / Filter  ? Help  P Preflight",
        ]


async def test_help_is_made_from_the_bindings(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, engine) as run:
        await run.press("question_mark")
        await run.sees("Keys and marks", "how an install would go; changes nothing")
        await run.press("pagedown")
        await run.sees("Move: Up k, Down j", "forget the device, after a question")
        await run.press("end")
        await run.sees("over plain HTTP: not encrypted", "seen on the network, not added")
        await run.press("q")
        await run.sees("No devices yet")


async def test_a_terminal_that_is_too_small_says_so(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        for size in ((59, 24), (80, 14)):
            await run.pilot.resize_terminal(*size)
            await run.sees("terminal too small (need 60x15)")
            assert len(run.text().split()) == 5
        await run.pilot.resize_terminal(60, 15)
        await run.sees("Gate", "Enter Details")


async def test_q_leaves_and_says_what_goes_on(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(21, "Gate", Connection.ADDING, step=6, steps=10))
    async with running(tmp_path, engine) as run:
        await run.sees("adding 6/10")
        await run.press("escape", "q")
        await run.until(lambda: not run.app.is_running)
        assert run.app.return_code == 0


async def test_what_is_no_camera_is_hidden_until_it_is_asked_for(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"), found(34, "LaserJet", kind=Kind.OTHER), added(5, "Lobby", kind=Kind.OTHER))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS", "Lobby", "2 devices", "1 no camera (o)")
        assert "LaserJet" not in run.text()
        await run.press("o")
        await run.sees("LaserJet")
        await run.press("o")
        await run.no_longer_sees("LaserJet")


async def test_a_network_is_scanned_and_what_came_of_it_is_told(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.answers[ScanNetworks] = lambda _: Scanned(254, 254, (found(33, "AXIS"),))
    async with running(tmp_path, engine) as run:
        await run.press("N")
        await run.sees("Scan a network", "a silent /16 about a")
        await run.press("enter")
        await run.sees("! Type a network")
        await run.type("192.168.20.0/24, 10.0.0.1-9")
        await run.press("enter")
        await run.sees("254 addresses tried: 1 device.")
    assert engine.asked[-1] == ScanNetworks(networks=("192.168.20.0/24", "10.0.0.1-9"))


async def test_networks_that_are_refused_are_not_lost(engine: ScriptedEngine, tmp_path: Path) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise RefusedError("'10.0.0.0/8' is too large", "A scan tries at most a /16.")

    engine.answers[ScanNetworks] = refuse
    async with running(tmp_path, engine) as run:
        await run.press("N")
        await run.sees("Scan a network")
        await run.type("10.0.0.0/8")
        await run.press("enter")
        await run.sees("! '10.0.0.0/8' is too large. A scan tries at most a /16.", "[10.0.0.0/8")
        engine.answers[ScanNetworks] = lambda _: Scanned(65536, 65536, ())
        await run.press("backspace", *"16", "enter")
        await run.sees("65536 addresses tried: 0 devices.")
    assert engine.asked[-1] == ScanNetworks(networks=("10.0.0.0/16",))


async def test_the_way_of_the_video_is_a_column_where_there_is_room(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate", video=Video.CLEAR), added(3, "Till", video=Video.TUNNEL), found(33))
    async with running(tmp_path, engine, size=(120, 24)) as run:
        await run.sees("Expires  Video    Model")
        at = run.screen()[1].index("Video")
        assert [line[at : at + 7].rstrip() for line in table_lines(run)[:3]] == ["clear", "HTTPS", ""]
        await run.pilot.resize_terminal(119, 24)
        await run.no_longer_sees("Video")


async def test_a_scan_that_goes_on_is_told_and_can_be_ended(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.status = msgspec.structs.replace(engine.status, scan=ScanView(("192.168.20.0/24",), 254, 120, 3))
    async with running(tmp_path, engine) as run:
        await run.sees("Scan 120 of 254, 3 found")
        await run.press("N")
        await run.sees("End the scan of 192.168.20.0/24?", "> Let it go on")
        await run.press("enter")
        await run.no_longer_sees("End the scan")
        assert CancelScan() not in engine.asked
        await run.press("N", "down", "enter")
        await run.until(lambda: CancelScan() in engine.asked)


async def test_after_another_size_the_status_line_is_that_of_this_size(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(blocked(number, f"Gate {number}", change=RESET) for number in range(1, 9)))
    async with running(tmp_path, engine) as run:
        await run.sees(f" Probably: {RESET}.")
        for _ in range(3):
            for columns, lines in ((20, 4), (61, 9), (60, 15), (200, 4), (60, 15)):
                await run.pilot.resize_terminal(columns, lines)
            await run.pilot.pause()
            status = run.screen()[-2].rstrip()
            assert status == " Another certificate than the stored one."
