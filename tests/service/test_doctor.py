import os
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.model.config import Config, DiscoverySettings
from core.model.device import CertificateView
from core.model.errors import CamtrustError, EngineGoneError, RefusedError
from core.model.messages import Authority, Role, Status
from core.model.sighting import SourceStatus
from core.service import doctor_facts as facts
from core.service import doctor_rules as rules
from core.service.doctor import examine, examine_settings
from core.service.doctor_rules import Attached, Check, Clock, Entry, Folder, LogFiles, Port, SettingsFile, Versions
from core.service.logs import LARGEST, log_path
from core.store.folder import StateFolder
from tests.service.rights import no_root

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
GONE = EngineGoneError("No engine is running here", "Nothing listens.")
GIB = 1024**3


def status(version: str = "1", *sources: SourceStatus) -> Status:
    return Status("gw", version, 7, interfaces=("10.0.0.2",), sources=sources)


def attached(role: Role = Role.OPERATOR, until: str = "2046-11-23T00:00:00Z", **more: str) -> Attached:
    view = CertificateView("ab" * 32, 900, subject="CA gw", not_after=until)
    return Attached(status(**more), role, "tech1", "camtrust", Authority(view, b"", "key file of this account only"))


def test_an_engine_of_another_version_is_told_with_what_to_do() -> None:
    here = Versions("2", "3.11.7", "OpenSSL 3.0.19", "8.2.8")
    assert rules.judge_versions(here, None).state == "ok"
    assert rules.judge_versions(here, status("2")).state == "ok"
    check = rules.judge_versions(here, status("1"))
    assert (check.state, check.text.endswith("the engine that runs is 1")) == ("wrong", True)
    assert "camtrust engine stop" in check.hint


def test_where_no_engine_runs_it_is_told_how_one_starts() -> None:
    own, machine = (rules.judge_engine(GONE, Path("/s"), starts=starts) for starts in (True, False))
    assert own.text == "No engine is running here: /s"
    assert "camtrust list" in own.hint
    assert "systemctl start camtrust" in machine.hint
    assert rules.judge_engine(RefusedError("Another version", "Update."), Path("/s")).text == "Another version"


def test_what_an_engine_warns_of_is_no_ok() -> None:
    assert rules.judge_engine(attached(), Path("/s")) == Check(
        "engine", "ok", "gateway gw, process 7 of camtrust, on /s"
    )
    warned = Attached(Status("gw", "1", 7, warnings=("the disk is full",)), Role.VIEWER, "x", "y")
    assert rules.judge_engine(warned, Path("/s")).state == "wrong"


RIGHTS = [
    (attached(), 0, False, None, "ok", "operator: tech1 may change things (root)"),
    (attached(), 1, True, None, "ok", "operator: tech1 may change things (the engine's own account)"),
    (attached(), 1, False, None, "ok", "operator: tech1 may change things (in the group of the operators)"),
    (
        attached(Role.VIEWER),
        1,
        False,
        None,
        "ok",
        "viewer: tech1 may look and change nothing (not in the group of operators)",
    ),
    (CamtrustError("This account may not attach", "x"), 1, False, "ops", "wrong", "none: This account may not attach"),
    (GONE, 1, False, None, "unknown", "no engine that could tell"),
]


@pytest.mark.parametrize(("engine", "uid", "is_own", "group", "state", "text"), RIGHTS)
def test_rights_are_told_with_their_reason(
    engine: Attached | CamtrustError, uid: int, is_own: bool, group: str | None, state: str, text: str
) -> None:
    check = rules.judge_rights(engine, uid=uid, is_own=is_own, group=group)
    assert (check.state, check.text) == (state, text)
    if group:
        assert check.hint == "Members of the group ops may."


def folder(*inside: Entry, mode: int = 0o40700, uid: int = 5, free: int = GIB, read_only: bool = False) -> Folder:
    return Folder(Path("/state"), Entry("", mode, uid, 1), inside, free=free, read_only=read_only)


KEY = Entry("ca.key", 0o100600, 5, 1)
SOUND = (KEY, Entry("log", 0o40700, 5, 2), Entry("engine.sock", 0o140660, 5, 1), Entry("log/x", 0o100600, 5, 1))
FAULTS = {
    KEY._replace(mode=0o100640): ("ca.key has mode 0640, not 0600", "chmod 600 ca.key"),
    KEY._replace(mode=0o104600): ("ca.key has mode 4600, not 0600", "chmod 600 ca.key"),
    KEY._replace(mode=0o120777): ("ca.key is no regular file", "ls -l ca.key"),
    KEY._replace(uid=6): ("ca.key is another account's", "ls -l ca.key"),
    KEY._replace(links=2): ("ca.key has a second name (hard link)", "ls -l ca.key"),
    Entry("log", 0o40755, 5, 2): ("log has mode 0755, not 0700", "chmod 700 log"),
    Entry("a b", 0o100644, 5, 1): ("a b has mode 0644, not 0600", "chmod 600 'a b'"),
}


def test_a_private_state_folder_with_room_is_ok() -> None:
    check = rules.judge_folder(folder(*SOUND), uid=5)
    assert check == Check("state folder", "ok", "/state, only its own account gets in; 1.0 GiB free")
    assert rules.judge_folder(folder(*SOUND), uid=0).state == "ok"


@pytest.mark.parametrize("entry", FAULTS)
def test_what_others_can_have_a_hand_in_is_told_with_a_command(entry: Entry) -> None:
    text, command = FAULTS[entry]
    check = rules.judge_folder(folder(*SOUND, entry), uid=5)
    assert (check.state, check.text) == ("wrong", f"/state: {text}")
    assert check.hint.endswith(f"Then, in /state: {command}")


def test_many_faults_are_counted() -> None:
    check = rules.judge_folder(folder(*(Entry(f"f{n}", 0o100644, 5, 1) for n in range(9)), mode=0o40755), uid=5)
    assert check.text.startswith("/state: it has mode 0755, not 0700; f0 has")
    assert check.text.endswith("and 7 more")


def test_a_state_folder_that_this_account_cannot_look_into_is_no_fault() -> None:
    assert rules.judge_folder(folder(), uid=6).state == "unknown"
    assert rules.judge_folder(folder()._replace(hidden=True), uid=6).state == "unknown"
    # That others could look into it is seen from outside.
    assert rules.judge_folder(folder(mode=0o40755), uid=6).state == "wrong"


def test_a_full_or_read_only_disk_is_told() -> None:
    assert rules.judge_folder(folder(free=10 * 1024**2), uid=5).text == "/state: 10 MiB free"
    assert "read-only" in rules.judge_folder(folder(read_only=True), uid=5).text
    missing = Folder(Path("/state"), None, free=GIB)
    assert rules.judge_folder(missing, uid=5) == Check(
        "state folder", "ok", "/state is made when an engine starts; 1.0 GiB free"
    )


def test_a_log_is_told_with_its_bounds() -> None:
    path = Path("/state/log/x")
    assert rules.judge_log(LogFiles(path, (1024, 2048), LARGEST)).text == f"{path}, 3.0 KiB in 2 files, at most 10 MiB"
    assert rules.judge_log(LogFiles(path, (1,), LARGEST)).text == f"{path}, 1 bytes in 1 file, at most 10 MiB"
    assert rules.judge_log(LogFiles(path, (LARGEST + 1,), LARGEST)).state == "wrong"
    assert rules.judge_log(LogFiles(path, (), LARGEST)).state == "ok"
    assert rules.judge_log(LogFiles(path, None, LARGEST)).state == "unknown"


@pytest.mark.parametrize(
    ("until", "state", "told"),
    [
        ("2046-11-23T00:00:00Z", "ok", "only"),
        ("2026-12-01T00:00:00Z", "wrong", "it ends soon"),
        ("2020-01-01T00:00:00Z", "wrong", "it has ended"),
    ],
)
def test_the_end_of_the_authority_is_told_before_it_comes(until: str, state: str, told: str) -> None:
    check = rules.judge_authority(attached(until=until), NOW, timedelta(days=30))
    assert check.state == state
    assert check.text.startswith(f"CA gw, until {until[:10]}; key file of this account only")
    assert check.text.endswith(told)
    assert rules.judge_authority(GONE, NOW, timedelta(days=30)).state == "unknown"


def test_settings_that_others_may_change_are_a_fault() -> None:
    sound, open_ = (SettingsFile(Path("/c"), Entry("", mode, 0, 1)) for mode in (0o100644, 0o100664))
    missing = SettingsFile(Path("/etc/c"), None)
    assert rules.judge_settings([missing, sound], None).text == "/c: no mistake"
    assert rules.judge_settings([missing], None).text == "no file, the defaults count"
    check = rules.judge_settings([sound, open_], None)
    assert (check.state, check.text, check.hint) == ("wrong", "others may change /c (mode 0664)", "chmod go-w /c")
    assert rules.judge_settings([sound], CamtrustError("line 3", "did you mean")).text == "line 3"


def test_a_source_that_hears_nothing_may_be_behind_a_firewall() -> None:
    sources = (
        SourceStatus("WS-Discovery", heard=9, devices=3),
        SourceStatus("mDNS", problem="another program holds UDP port 5353"),
        SourceStatus("SSDP"),
    )
    ok, wrong, unknown = rules.judge_sources(status("1", *sources))
    assert ok.text == "9 answers heard on 10.0.0.2, 3 devices now"
    assert (wrong.name, wrong.state) == ("mDNS", "wrong")
    assert unknown.state == "unknown" and "firewall" in unknown.hint
    assert [check.state for check in rules.judge_sources(status())] == ["ok"]


def test_without_an_engine_ports_are_tried_only_where_interfaces_are_named() -> None:
    assert [check.state for check in rules.judge_ports([], ())] == ["unknown"]
    ports = [Port("mDNS", 5353, (("10.0.0.2", "no interface has this address"),)), Port("SSDP", 1900, ())]
    assert rules.judge_ports(ports, ["10.0.0.2"]) == [
        Check(
            "mDNS",
            "wrong",
            "UDP 5353: no interface has this address (10.0.0.2)",
            "What holds a port: ss -lunp. Interfaces: ip address.",
        ),
        Check("SSDP", "ok", "UDP 1900 can be listened to on 10.0.0.2"),
    ]


@pytest.mark.parametrize(
    ("clock", "state"),
    [
        (Clock(NOW, True), "ok"),
        (Clock(NOW, False), "wrong"),
        (Clock(NOW, False, "chrony"), "unknown"),
        (Clock(NOW, None), "unknown"),
        (Clock(datetime(1970, 1, 1, tzinfo=UTC), True), "wrong"),
    ],
)
def test_a_clock_that_nothing_keeps_right_is_told_and_an_unknown_one_as_unknown(clock: Clock, state: str) -> None:
    check = rules.judge_clock(clock)
    assert check.state == state
    assert check.text.startswith(clock.now.strftime("%Y-%m-%d"))
    assert bool(check.hint) == (state == "wrong")


# What follows looks at this machine.


def test_a_state_folder_of_an_engine_passes(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with closing(StateFolder.open(path)):
        (path / "log").mkdir(0o700)
        log_path(path).touch(0o600)
        log_path(path).write_text("x" * 100)
        assert rules.judge_folder(facts.state_folder(path), uid=os.geteuid()).state == "ok"
        assert facts.log_files(path).sizes == (100,)
    (path / "engine.lock").chmod(0o644)
    assert "engine.lock has mode 0644" in rules.judge_folder(facts.state_folder(path), uid=os.geteuid()).text


def test_a_state_folder_that_is_not_there_or_is_a_file_is_seen_as_that(tmp_path: Path) -> None:
    assert facts.state_folder(tmp_path / "a" / "b").found is None
    assert facts.state_folder(tmp_path / "a" / "b").free > 0
    (tmp_path / "file").touch()
    assert rules.judge_folder(facts.state_folder(tmp_path / "file"), uid=os.geteuid()).state == "wrong"
    assert facts.log_files(tmp_path / "file").sizes == ()


def test_names_in_the_state_folder_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J").touch(0o644)
    assert "\x1b" not in rules.judge_folder(facts.state_folder(tmp_path), uid=os.geteuid()).text


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_ports_are_tried_on_the_loopback_as_an_engine_opens_them() -> None:
    port = free_port()
    [tried] = facts.try_ports(DiscoverySettings(port, 0, 0), ["127.0.0.1"])
    assert tried == Port("WS-Discovery", port, ())


def test_a_port_that_another_program_holds_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", 0))
        port = other.getsockname()[1]
        [tried] = facts.try_ports(DiscoverySettings(0, 0, port), ["127.0.0.1"])
    assert tried == Port("SSDP", port, (("127.0.0.1", "another program holds it"),))


def test_an_interface_that_is_not_there_is_told() -> None:
    [tried] = facts.try_ports(DiscoverySettings(0, free_port(), 0), ["fe80::1%nowhere0"])
    assert tried.problems == (("fe80::1%nowhere0", "no interface has this address"),)


def test_this_machines_clock_is_read_without_a_word() -> None:
    assert facts.clock().now.tzinfo is UTC


async def test_nothing_is_started_or_made(tmp_path: Path) -> None:
    config = Config(interfaces=("127.0.0.1",), discovery=DiscoverySettings(free_port(), 0, 0))
    checks = await examine(tmp_path / "state", tmp_path / "state" / "engine.sock", config)
    assert [check.name for check in checks] == [
        "versions",
        "engine",
        "rights",
        "state folder",
        "log",
        "authority",
        "WS-Discovery",
        "clock",
    ]
    assert list(tmp_path.iterdir()) == []


async def test_an_engine_that_does_not_let_this_account_in_is_not_taken_for_none(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o000)
    with no_root():
        checks = await examine(closed / "state", closed / "engine.sock", Config(interfaces=("127.0.0.1",)))
    states = {check.name: check.state for check in checks}
    assert (states["engine"], states["rights"]) == ("wrong", "wrong")
    assert {states[name] for name in ("state folder", "log", "authority", "discovery")} == {"unknown"}


def test_files_of_settings_are_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert examine_settings((path,), None).text == "no file, the defaults count"
    path.touch()
    path.chmod(0o666)
    assert examine_settings((path,), None).state == "wrong"
