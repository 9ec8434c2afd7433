import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.model.errors import UnsafeStateError
from core.service import logs

# Logging belongs to a whole process, so each test has one of its own.
SET_UP = """
import logging, os, sys, threading, warnings
from pathlib import Path
os.umask({umask})
from core.service import logs
path = logs.set_up(Path(sys.argv[1]))
assert path == logs.log_path(Path(sys.argv[1]))
"""


def logged(folder: Path, script: str, umask: int = 0o077) -> list[dict[str, Any]]:
    """Return what a process logs that says nothing elsewhere."""
    command = [sys.executable, "-I", "-c", SET_UP.format(umask=umask) + script, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return [json.loads(line) for line in logs.log_path(folder).read_text("ascii").splitlines()]


def test_one_record_is_one_line_of_json(tmp_path: Path) -> None:
    [line] = logged(tmp_path, "logging.getLogger('a.b').warning('%s is %d', 'x', 7)")
    assert line.pop("at").endswith("+00:00")
    assert line == {"level": "WARNING", "logger": "a.b", "message": "x is 7"}


def test_what_is_logged_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    [line] = logged(tmp_path, r"logging.error('\x1b]52;c;evil\x07\n\u202e\udcff')")
    assert line["message"] == "\x1b]52;c;evil\x07\n\u202e\udcff"
    raw = logs.log_path(tmp_path).read_bytes()
    assert raw.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in raw.rstrip(b"\n"))


def test_an_exception_is_logged_with_its_traceback_and_no_local_variables(tmp_path: Path) -> None:
    script = """
def login(password):
    raise ValueError("no")
try:
    login("canary-" + "4711")
except ValueError:
    logging.exception("it failed")
"""
    [line] = logged(tmp_path, script)
    assert "ValueError: no" in line["error"] and "login" in line["error"]
    assert "canary-4711" not in json.dumps(line)


def test_talkative_libraries_are_heard_from_warnings_on(tmp_path: Path) -> None:
    script = """
for name in ("zeep.transports", "httpx", "httpcore.http11", "asyncio", "core.engine"):
    logging.getLogger(name).debug("debug")
    logging.getLogger(name).info("info")
    logging.getLogger(name).warning("warning")
"""
    heard = [(line["logger"], line["message"]) for line in logged(tmp_path, script)]
    assert heard == [
        ("zeep.transports", "warning"),
        ("httpx", "warning"),
        ("httpcore.http11", "warning"),
        ("asyncio", "warning"),
        ("core.engine", "info"),
        ("core.engine", "warning"),
    ]


def test_a_library_that_sets_up_logging_later_changes_nothing(tmp_path: Path) -> None:
    script = "logging.basicConfig(level=logging.DEBUG); logging.debug('no'); logging.info('yes')"
    assert [line["message"] for line in logged(tmp_path, script)] == ["yes"]


def test_strays_end_in_the_log_and_not_on_stderr(tmp_path: Path) -> None:
    script = """
def fail():
    raise ValueError("in a thread")
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Bad:
    def __del__(self):
        raise ValueError("in a destructor")
Bad()
warnings.warn("careful", ResourceWarning)
warnings.warn("old", UserWarning)
"""
    text = json.dumps(logged(tmp_path, script))
    assert "in a thread" in text and "in a destructor" in text and "old" in text


def test_a_long_message_is_cut(tmp_path: Path) -> None:
    [line] = logged(tmp_path, "logging.error('x' * 1_000_000)")
    assert len(line["message"]) == 16 * 1024


def test_the_files_are_private_and_their_number_is_bounded(tmp_path: Path) -> None:
    logged(tmp_path, "for _ in range(1500): logging.error('x' * 10_000)", umask=0)
    files = sorted(logs.log_path(tmp_path).parent.iterdir())
    assert [file.name for file in files] == ["camtrust.jsonl", *(f"camtrust.jsonl.{number}" for number in (1, 2, 3, 4))]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert sum(file.stat().st_size for file in files) <= 10 * 1024 * 1024


def test_a_later_process_goes_on_in_the_same_file(tmp_path: Path) -> None:
    logged(tmp_path, "logging.error('first')")
    assert [line["message"] for line in logged(tmp_path, "logging.error('second')")] == ["first", "second"]


def test_a_full_disk_is_no_reason_to_write_elsewhere(tmp_path: Path) -> None:
    script = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
for _ in range(50): logging.error('x' * 100)
"""
    logs.log_path(tmp_path).parent.mkdir(mode=0o700)
    command = [sys.executable, "-I", "-c", SET_UP.format(umask=0o077) + script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("fault", ["a link", "readable by all", "a readable folder"])
def test_a_log_in_which_others_have_a_hand_is_refused(tmp_path: Path, fault: str) -> None:
    path = logs.log_path(tmp_path)
    path.parent.mkdir(mode=0o700)
    if fault == "a link":
        (tmp_path / "victim").touch(0o600)
        path.symlink_to(tmp_path / "victim")
    elif fault == "readable by all":
        path.touch()
        path.chmod(0o644)
    else:
        path.parent.chmod(0o755)
    with pytest.raises(UnsafeStateError):
        logs.set_up(tmp_path)


def test_a_folder_where_no_log_can_be_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file")
    with pytest.raises(UnsafeStateError, match="not a folder"):
        logs.set_up(tmp_path)
    assert (tmp_path / "log").read_text() == "a file"
