"""The engine goes and comes back; faults are told in one line; names of devices do nothing."""

import asyncio
import os
import pty
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest
from rich.segment import Segment

from core.model.errors import CamtrustError
from core.model.messages import Ping, RemoveDevice, Update
from core.model.review import ChangeKind, Explanation
from core.model.text import clean
from tests.engine.process import until
from tests.tui.driving import NOW, Running, running
from tests.tui.engine import (
    ScriptedEngine,
    added,
    blocked,
    connector,
    differences,
    found,
    presented,
    review_of,
    serving,
    stored,
)
from tui.app import CamtrustApp
from tui.link import Engine, Link, LinkState
from tui.session import Session
from tui.site import Change


async def test_when_the_engine_goes_what_is_shown_is_marked_as_old_and_the_app_comes_back(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(2, "Gate"), added(3, "Roof"))
    async with AsyncExitStack() as stack:
        first = AsyncExitStack()
        path = await first.enter_async_context(serving(engine, tmp_path))
        app = CamtrustApp(connector(path), crash_folder=tmp_path, clock=lambda: NOW)
        pilot = await stack.enter_async_context(app.run_test(size=(80, 24)))
        run = Running(app, pilot, engine)
        await run.sees("Roof")
        # What was said a moment ago does not hide it.
        await run.press("v")
        await run.sees("There is no certificate to decide about.")
        await first.aclose()
        await run.sees("OLD, as of 07:05:00", "The engine is gone: The engine was ended. Reconnecting", "Gate")
        await run.press("D")
        await run.sees("Not possible while the engine is gone.")
        engine.board.drop("cam-3")
        engine.show(found(9, "New"))
        await stack.enter_async_context(serving(engine, tmp_path))
        await run.sees("2 devices", "Gate", "New")
        assert "Roof" not in run.text()
        assert RemoveDevice(device="cam-2") not in engine.asked
        await stack.pop_all().aclose()


class Log:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.states: list[LinkState] = []

    def link_changed(self, state: LinkState) -> None:
        self.states.append(state)

    def heard(self) -> None:
        """Not of interest here."""

    def devices_listed(self, devices: object) -> None:
        """Not of interest here."""

    def updated(self, update: Update) -> None:
        """Not of interest here."""


async def test_it_is_tried_again_and_again_and_the_reason_is_told() -> None:
    tries: list[int] = []

    async def refused() -> Engine:
        tries.append(1)
        raise CamtrustError("This account may not attach to the engine", "Use another one.")

    log = Log()
    running_link = asyncio.create_task(Link(refused, log, pauses=(0.001, 0.002)).run())
    async with asyncio.timeout(5):
        while len(tries) < 5:
            await asyncio.sleep(0.001)
    running_link.cancel()
    assert (log.states[0].is_up, log.states[0].title) == (False, "This account may not attach to the engine")
    assert log.states[0].hint == "Use another one."


async def test_a_silent_engine_is_asked_for_a_word_and_nothing_is_drawn_for_that(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    changes: list[Change] = []
    async with serving(engine, tmp_path) as path:
        session = Session(connector(path), changes.append)
        session.link = Link(session.link._connect, session, ask_after=0.05, lost_after=5.0)
        before = session.heard_at
        assert before is None
        async with linked(session.link):
            await until(lambda: engine.asked.count(Ping()) == 1)
            published, heard = len(changes), session.heard_at
            await until(lambda: engine.asked.count(Ping()) == 6)
            assert len(changes) == published
            assert session.heard_at is not None and heard is not None and session.heard_at > heard
            assert session.is_up


async def test_an_engine_that_says_something_is_not_asked(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with serving(engine, tmp_path) as path:
        session = Session(connector(path), lambda _: None)
        session.link = Link(session.link._connect, session, ask_after=1.0, lost_after=5.0)
        async with linked(session.link):
            await until(lambda: session.is_up)
            for number in range(15):
                engine.tell(number + 1, "still here")
                await until(partial(_knows, session, number + 1))
        assert Ping() not in engine.asked


async def test_an_engine_that_says_nothing_is_lost_and_connected_to_anew(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(2, "Gate"))
    engine.holds[Ping] = asyncio.Event()
    async with serving(engine, tmp_path) as path:
        session = Session(connector(path), lambda _: None)
        session.link = Link(session.link._connect, session, (0.05,), ask_after=0.1, lost_after=0.3)
        async with linked(session.link):
            await until(lambda: session.is_up)
            await until(lambda: not session.is_up)
            assert session.link.state.title == "The engine has not said a word for 0.3 s"
            assert session.lost_at == session.heard_at
            # One question is enough, however long it is not answered.
            assert engine.asked.count(Ping()) == 1
            engine.holds.clear()
            await until(lambda: session.is_up)
            assert session.lost_at is None


def _knows(session: Session, events: int) -> bool:
    return len(session.site.events) == events


@asynccontextmanager
async def linked(link: Link) -> AsyncIterator[None]:
    running_link = asyncio.create_task(link.run())
    try:
        yield
    finally:
        running_link.cancel()
        await asyncio.wait([running_link])


HOSTILE = (
    "cam [/oops]",
    "[@click=app.quit]x[/] [bold red]loud",
    "a\x1b]0;title\x07 \x1b[2J\x9b6n",
    "b\u202eevil\u2066 a\nb\tc e" + "\u0301" * 30,
)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_device_name_is_shown_as_it_is_and_does_nothing(
    engine: ScriptedEngine, tmp_path: Path, name: str
) -> None:
    cleaned = clean(name)
    view = added(2, cleaned, attention=cleaned, attention_hint=cleaned, model=cleaned, found_by=(cleaned,))
    engine.show(view, found(3, cleaned))
    engine.tell(1, cleaned, device="cam-2", name=cleaned)
    async with running(tmp_path, engine, size=(160, 40)) as run:
        seen = []
        for keys in (("enter",), ("c",), ("escape", "escape", "e"), ("escape", "D"), ("escape", "G", "a")):
            await run.press(*keys)
            await run.sees(cleaned.split("⟨")[0].strip()[:10] or "⟨")
            seen.append(run.text())
            assert not any(segment.style and segment.style.meta for segment in _segments(run))
        assert all(cleaned in text for text in seen[:2])
        assert not any(character in text for text in seen for character in "\x1b\x07\x9b\u202e\u2066\t")


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_a_certificate_says_is_shown_as_it_is_and_does_nothing(
    engine: ScriptedEngine, tmp_path: Path, text: str
) -> None:
    cleaned = clean(text)
    view = blocked(14, cleaned, change=cleaned)
    own = presented(subject=cleaned, issuer=cleaned, names=(cleaned,), warnings=(cleaned,))
    reason = Explanation(ChangeKind.NEW_KEY, cleaned, cleaned)
    told = review_of(view, explanations=(reason,), differences=differences(stored(), own), reason=cleaned)
    engine.show(view)
    engine.reviews["cam-14"] = msgspec.structs.replace(told, presented=own)
    async with running(tmp_path, engine, size=(160, 40)) as run:
        begin = cleaned.split("⟨")[0].strip()[:10] or "⟨"
        await run.sees(begin)
        for keys in (("v",), ("enter",), ("r",)):
            await run.press(*keys)
            await run.sees(begin, "b1d0 4e99")
            assert not any(segment.style and segment.style.meta for segment in _segments(run))
            assert not any(character in run.text() for character in "\x1b\x07\x9b\u202e\u2066\t")


def _segments(run: Running) -> list[Segment]:
    return [segment for strip in run.app.screen._compositor.render_strips() for segment in strip]


CRASH = """
import asyncio, sys
from pathlib import Path
from tui.app import CamtrustApp

async def connect():
    password = "hunter2-canary"
    raise RuntimeError("cannot use " + password)

app = CamtrustApp(connect, crash_folder=Path(sys.argv[1]))
app.run(mouse=False)
sys.exit(app.return_code)
"""


def run_on_a_terminal(code: str, *arguments: str) -> tuple[int, str]:
    """Run Python code on a terminal of its own; return its exit code and all that it wrote."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65536):
            written += piece
    except OSError:
        # Linux reports EIO when the other end of a terminal is closed.
        pass
    os.close(ours)
    return process.wait(timeout=20), written.decode()


def test_a_fault_of_our_own_ends_in_one_line_without_a_traceback_or_a_secret(tmp_path: Path) -> None:
    code, written = run_on_a_terminal(CRASH, str(tmp_path))
    logs = list(tmp_path.glob("crash-*.log"))
    assert code == 1
    assert len(logs) == 1
    last_words = written.rpartition("\x1b[?1049l")[2]
    assert "camtrust ended by a fault of its own (RuntimeError)." in last_words
    assert str(logs[0]) in "".join(last_words.split())
    log = logs[0].read_text()
    assert "builtins.RuntimeError" in log
    for told in (written, log):
        assert "hunter2-canary" not in told
        assert "Traceback" not in told
        assert "password" not in told
    assert stat.S_IMODE(logs[0].stat().st_mode) & 0o077 == 0
