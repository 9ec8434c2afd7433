"""The drawer: what it shows, and how a certificate becomes a file."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from core.model.messages import DeviceDetail, ReadCertificate, ShowDevice
from core.model.video import Video
from tests.tui.driving import Running, running
from tests.tui.engine import OTHER_PRINT, RESET, ScriptedEngine, added, blocked, found, over_http, stored
from tui.words import grouped


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The technician's current folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def file_in(folder: Path) -> Path:
    return folder / "cam-17-3f9a12c0.cer"


async def open_drawer(run: Running, name: str) -> None:
    await run.sees(name)
    await run.press("enter")
    await run.sees("Certificate   ")


async def test_the_drawer_shows_the_certificate_so_that_it_can_be_compared(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    view = added(17, "Till 3", found_by=("WS-Discovery (HTTPS 443)",), tls="TLS 1.3", video=Video.TUNNEL)
    engine.show(msgspec.structs.replace(view, model="P3265-V", manufacturer="AXIS", serial="B8A4"))
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Till 3")
        await run.sees(
            "Till 3                                                           192.168.20.17",
            "Certificate   HTTPS (Arcules), issued by this gateway",
            "SHA-256       3f9a 12c0 88d1 4c70 9e22 51b7 0d4f 77be",
            "              6f1a 09d3 c2b7 4e58 a190 6d33 f0aa 77be",
            "Stored        2026-11-22 by tech1",
            "Issuer        Arcules Gateway CA gw-042",
            "Valid         2026-11-22 to 2036-11-20",
            "Key           RSA 3072 · SHA-256 with RSA",
            "Connection    TLS 1.3 · video over HTTPS (tunnel)",
            "Model         AXIS P3265-V · serial B8A4",
            "Found by      WS-Discovery (HTTPS 443)",
        )
        assert "State^" not in run.text()


async def test_a_device_on_plain_http_has_no_certificate_lines(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(over_http(9, "Car park"))
    engine.details["cam-9"] = DeviceDetail(over_http(9, "Car park"), stored())
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Car park")
        await run.sees("Not encrypted. To change that: enable HTTPS on the camera, then", " r Replace  n Next")
        await run.until(lambda: ShowDevice(device="cam-9") in engine.asked)
        assert "SHA-256       " not in run.text()
        assert "Issuer" not in run.text()


async def test_a_blocked_device_shows_both_fingerprints(engine: ScriptedEngine, tmp_path: Path) -> None:
    view = blocked(14, "Loading dock", change=RESET)
    engine.show(view)
    engine.details["cam-14"] = DeviceDetail(view, stored(), stored(OTHER_PRINT, issuer="axis", self_signed=True))
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Loading dock")
        first, second = grouped(OTHER_PRINT)
        await run.sees(f"Why           {RESET}")
        await run.sees("!! Error with device certificate", f"Presented     {first}", second, "issued by axis (itself)")


async def test_a_blocked_device_that_does_not_answer_says_so(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock", change=RESET, silent=True))
    async with running(tmp_path, engine) as run:
        await run.sees(" It does not answer now. Another certificate than the stored one.")
        await open_drawer(run, "Dock")
        await run.sees("Status        !! Error with device certificate; it does not answer now")
        engine.show(blocked(14, "Dock", change=RESET))
        await run.no_longer_sees("it does not answer now")


async def test_the_drawer_follows_its_device(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till 3"))
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Till 3")
        engine.show(added(17, "Till 3", attention="Certificate expires", attention_hint="Renew it."))
        await run.sees("To do         Certificate expires. Renew it.")
        await run.until(lambda: ShowDevice(device="cam-17") in engine.asked)


async def test_where_its_device_goes_it_shows_the_next_one_and_says_so(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock"), added(17, "Till 3"))
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Dock")
        engine.board.drop("cam-14")
        await run.sees(" Dock is not there any more.", "Till 3    ", "= online since")
        assert "!!" not in run.text()
        engine.board.drop("cam-17")
        await run.sees("No devices yet", "Till 3 is not there any more.")


async def test_beside_the_table_the_drawer_follows_the_cursor(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till 3"), added(18, "Till 4"), found(33, "Till 5"))
    async with running(tmp_path, engine, size=(120, 30)) as run:
        await open_drawer(run, "Till 3")
        await run.sees("State^", "Address       192.168.20.17")
        await run.press("n")
        await run.sees("Address       192.168.20.18")
        await run.press("tab", "down")
        await run.sees("found on the network, not added", "Enter Details")
        await run.press("escape")
        await run.no_longer_sees("found on the network, not added")


async def test_a_found_device_can_be_added_from_its_drawer(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS")
        await run.press("enter")
        await run.sees("found on the network, not added", " a Add  n Next")
        await run.press("a")
        await run.sees("Add a device", "[192.168.20.33 ")


async def test_the_drawer_keeps_the_keys_when_the_terminal_gets_narrow(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till 3"))
    async with running(tmp_path, engine, size=(120, 30)) as run:
        await open_drawer(run, "Till 3")
        await run.press("tab")
        await run.sees("Enter Details")
        await run.pilot.resize_terminal(80, 24)
        await run.sees("e Save .cer", "SHA-256       3f9a")
        await run.press("escape")
        await run.sees("Enter Details", "State^")


async def test_an_unreadable_certificate_still_has_its_fingerprint(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till 3"))
    broken = msgspec.structs.replace(stored(), readable=False, subject="", issuer="")
    engine.details["cam-17"] = DeviceDetail(added(17, "Till 3"), broken)
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Till 3")
        await run.sees("3f9a 12c0", "1100 bytes that cannot be read as a certificate")


async def test_the_certificate_is_saved_in_the_technicians_folder(
    engine: ScriptedEngine, tmp_path: Path, folder: Path
) -> None:
    engine.show(added(17, "Till 3"))
    async with running(tmp_path, engine, size=(160, 30)) as run:
        await open_drawer(run, "Till 3")
        await run.press("e")
        await run.sees(f"Saved {file_in(folder)}"[:150])
        assert file_in(folder).read_bytes() == b"0\x82stored"
        assert ReadCertificate(device="cam-17", which="stored") in engine.asked


async def test_pressing_save_again_while_it_is_saved_asks_nothing(
    engine: ScriptedEngine, tmp_path: Path, folder: Path
) -> None:
    engine.show(added(17, "Till 3"))
    told = engine.holds[ReadCertificate] = asyncio.Event()
    async with running(tmp_path, engine, size=(160, 30)) as run:
        await open_drawer(run, "Till 3")
        await run.press("e", "e", "e")
        await run.until(lambda: ReadCertificate(device="cam-17", which="stored") in engine.asked)
        told.set()
        await run.sees(f"Saved {file_in(folder)}"[:150])
        assert engine.asked.count(ReadCertificate(device="cam-17", which="stored")) == 1
        assert len(run.app.screen_stack) == 1


async def test_no_file_and_no_link_is_written_over(engine: ScriptedEngine, tmp_path: Path, folder: Path) -> None:
    engine.show(added(17, "Till 3"))
    victim = tmp_path / "victim"
    file_in(folder).symlink_to(victim)
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Till 3")
        await run.press("e")
        await run.sees("is there already. It is not replaced.", "Save as")
        await run.press("ctrl+u")
        await run.paste("other.cer")
        await run.press("enter")
        await run.until(lambda: (folder / "other.cer").exists())
        assert not victim.exists()
        assert file_in(folder).is_symlink()


async def test_a_folder_that_cannot_be_written_is_told(engine: ScriptedEngine, tmp_path: Path, folder: Path) -> None:
    engine.show(added(17, "Till 3"))
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Till 3")
        file_in(folder).touch()
        await run.press("e")
        await run.sees("Save as")
        await run.press("ctrl+u")
        await run.paste("no/such/folder.cer")
        await run.press("enter")
        await run.sees("cannot be written: No such file or directory")
        await run.press("escape")
        await run.sees("Certificate   ")


async def test_the_fingerprint_can_be_copied(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till 3"))
    async with running(tmp_path, engine) as run:
        await open_drawer(run, "Till 3")
        await run.press("y")
        await run.sees("Copied, if the terminal can: stored SHA-256 3f9a 12c0 … 77be, see above.")
        assert run.app.clipboard == added(17, "Till 3").fingerprint
        await run.press("escape", "down", "y")
        await run.sees("stored SHA-256 3f9a 12c0 … 77be, Enter shows it.")
