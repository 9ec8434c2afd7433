import asyncio
import os
import pwd
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from core.model.errors import CamtrustError, StateBusyError
from core.model.messages import PROTOCOL, Command, Role, StopEngine, encode_line
from core.service.lines import LONGEST_REQUEST
from core.service.server import Server
from core.service.session import failure
from tests.service.helpers import Bench, Lines, Serving, bare_socket, serving, until
from tests.service.samples import COMMANDS, sample


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as serving_now:
        yield serving_now


async def test_a_hello_is_answered_with_role_user_and_status(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        welcome = await client.hello()
    assert (welcome["type"], welcome["protocol"], welcome["role"]) == ("welcome", PROTOCOL, "operator")
    assert welcome["user"] == pwd.getpwuid(os.geteuid()).pw_name
    assert welcome["status"]["gateway"] == "gw-test"


async def test_another_protocol_is_refused_naming_both_and_what_to_do(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.send({"type": "hello", "protocol": 99, "role": "emperor", "news": {"from": ["the future"]}})
        answer = await client.receive()
        assert (answer["type"], answer["seq"]) == ("failure", 0)
        assert "protocol 1" in answer["title"] and "protocol 99" in answer["title"]
        assert f"kill {os.getpid()}" in answer["hint"]
        assert await client.ended()


FIRST_LINES = {
    "no JSON": b"GET / HTTP/1.1\r\n",
    "an empty line": b"\n",
    "binary": bytes(range(11, 256)) + b"\n",
    "a request": b'{"type":"request","seq":1,"command":{"type":"list"}}\n',
    "an unknown role": b'{"type":"hello","protocol":1,"role":"emperor"}\n',
    "a text for a number": b'{"type":"hello","protocol":"1"}\n',
    "deep nesting": b'{"type":"hello","protocol":1,"x":' + b"[" * 200_000 + b"\n",
    "a bad UTF-8": b'{"type":"hello","protocol":1,"client":"\xff"}\n',
    "more than a line may have": b'{"type":"hello","client":"' + b"x" * (LONGEST_REQUEST + 1) + b'"}\n',
    "an endless line": b"x" * (3 * LONGEST_REQUEST),
}


@pytest.mark.parametrize("kind", FIRST_LINES)
async def test_a_first_line_that_is_no_hello_is_refused(served: Serving, kind: str) -> None:
    async with await Lines.connect(served.path) as client:
        sending = asyncio.create_task(client.send(FIRST_LINES[kind]))
        answer = await client.receive()
        assert (answer["type"], answer["seq"]) == ("failure", 0)
        assert "Not understood" in answer["title"]
        assert await client.ended()
        await asyncio.wait([sending])
        sending.exception()
    async with await Lines.connect(served.path) as other:
        assert (await other.hello())["type"] == "welcome"
    assert not served.bench.handled


LATER_LINES = {
    "no JSON": b"nonsense\n",
    "a second hello": b'{"type":"hello","protocol":1}\n',
    "an unknown command": b'{"type":"request","seq":7,"command":{"type":"format_disk"}}\n',
    "a number for a password": b'{"type":"request","seq":7,"command":{"type":"add","addresses":[],"password":5}}\n',
    "half a character": b'{"type":"request","seq":7,"command":{"type":"show","device":"\\ud800"}}\n',
    "a message of the engine's": b'{"type":"goodbye","reason":"x"}\n',
    "too long": b"x" * (LONGEST_REQUEST + 1) + b"\n",
}


@pytest.mark.parametrize("kind", LATER_LINES)
async def test_an_unreadable_line_ends_only_the_conversation_with_who_sent_it(served: Serving, kind: str) -> None:
    async with await Lines.connect(served.path) as bad, await Lines.connect(served.path) as good:
        await bad.hello()
        await good.hello()
        sending = asyncio.create_task(bad.send(LATER_LINES[kind]))
        answer = await bad.receive()
        assert (answer["type"], answer["seq"]) == ("failure", 0)
        assert await bad.ended()
        await asyncio.wait([sending])
        sending.exception()
        await good.request(1, "list")
        assert (await good.receive())["type"] == "reply"
    assert len(served.bench.handled) == 1


async def test_who_says_nothing_is_sent_away(tmp_path: Path) -> None:
    async with serving(tmp_path, hello_deadline=0.05) as served, await Lines.connect(served.path) as client:
        answer = await client.receive()
        assert "No hello" in answer["title"]
        assert await client.ended()


async def test_a_client_that_leaves_before_its_hello_leaves_nothing_behind(served: Serving) -> None:
    bare_socket(served.path).close()
    async with await Lines.connect(served.path) as client:
        await client.send(b'{"type":"hel')
    async with await Lines.connect(served.path) as client:
        await client.hello()
        assert served.server.attached == 1


async def test_the_number_of_clients_is_bounded(served: Serving) -> None:
    idle = [bare_socket(served.path) for _ in range(64)]
    try:
        async with await Lines.connect(served.path) as client:
            assert "64 clients" in (await client.receive())["title"]
            assert await client.ended()
    finally:
        for sock in idle:
            sock.close()


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
async def test_a_viewer_may_do_what_the_class_says_and_nothing_else(served: Serving, kind: type[Command]) -> None:
    served.bench.gate.set()
    async with await Lines.connect(served.path) as client:
        assert (await client.hello(role="viewer"))["role"] == "viewer"
        await client.send({"type": "request", "seq": 3, "command": sample(kind)})
        answer = await client.receive()
    assert answer["seq"] == 3
    if kind.needs is Role.VIEWER:
        [(command, caller)] = served.bench.handled
        assert isinstance(command, kind) and caller.role is Role.VIEWER
    else:
        assert answer["type"] == "failure" and "viewer" in answer["title"]
        assert not served.bench.handled


@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
async def test_an_operator_may_do_everything(served: Serving, kind: type[Command]) -> None:
    served.bench.gate.set()
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.send({"type": "request", "seq": 3, "command": sample(kind)})
        assert (await client.receive())["seq"] == 3
    [(command, caller)] = served.bench.handled
    assert isinstance(command, kind)
    assert (caller.uid, caller.role) == (os.geteuid(), Role.OPERATOR)


def test_only_looking_needs_no_operator() -> None:
    viewers = {kind.__name__ for kind in COMMANDS if kind.needs is Role.VIEWER}
    assert viewers == {
        "Ping",
        "ListDevices",
        "ShowDevice",
        "ReadEvents",
        "ReadCertificate",
        "ReadAuthority",
        "ReviewDevice",
        "ReadRollout",
    }


STRANGER = """
import os, socket, sys
os.setgid(65534); os.setuid(54321)
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b'{"type":"hello","protocol":1,"role":"operator"}\\n{"type":"request","seq":1,"command":{"type":"stop"}}\\n')
f = s.makefile()
print(f.readline(), f.readline(), sep="", end="")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
async def test_a_process_of_another_account_is_known_by_its_number_and_stops_nothing() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with serving(folder) as served:
            served.path.chmod(0o666)
            command = [sys.executable, "-I", "-c", STRANGER, str(served.path)]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20)
            welcome, answer = map(msgspec.json.decode, done.stdout.splitlines())
            assert (welcome["user"], welcome["role"]) == ("54321", "viewer")
            assert answer["type"] == "failure"
            assert not any(isinstance(command, StopEngine) for command, _ in served.bench.handled)


async def test_requests_run_side_by_side_and_answers_carry_their_numbers(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(10, "rescan")
        await client.request(20, "list")
        assert (await client.receive())["seq"] == 20
        served.bench.gate.set()
        assert (await client.receive())["seq"] == 10


async def test_one_client_has_at_most_sixteen_requests_under_way(served: Serving) -> None:
    async with await Lines.connect(served.path) as greedy, await Lines.connect(served.path) as other:
        await greedy.hello()
        await other.hello()
        for seq in range(40):
            await greedy.request(seq, "rescan")
        await until(lambda: served.bench.waiting == 16, "16 under way")
        await other.request(1, "list")
        assert (await other.receive())["type"] == "reply"
        assert served.bench.waiting == 16
        served.bench.gate.set()
        assert sorted([(await greedy.receive())["seq"] for _ in range(40)]) == list(range(40))


async def test_an_error_for_the_technician_arrives_as_it_is(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(6, "show", device="x")
        assert await client.receive() == {
            "type": "failure",
            "seq": 6,
            "title": "No device x",
            "hint": "List them first.",
            "exit_code": 2,
        }


def test_an_error_about_a_path_that_is_no_text_can_be_sent() -> None:
    error = CamtrustError(f"{os.fsdecode(b'/tmp/caf' + bytes([0xE9]))} is in the way")
    assert b"/tmp/caf? is in the way" in encode_line(failure(error))


async def test_what_was_cancelled_inside_the_engine_is_answered_too(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(5, "cancel", device="x")
        answer = await client.receive()
    assert (answer["type"], answer["seq"]) == ("failure", 5)


async def test_a_fault_of_ours_is_logged_and_not_shown(served: Serving, caplog: pytest.LogCaptureFixture) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(5, "authority")
        answer = await client.receive()
        await client.request(6, "list")
        assert (await client.receive())["seq"] == 6
    assert answer["seq"] == 5 and "Internal error" in answer["title"]
    assert "camtrust.jsonl" in answer["hint"]
    assert "ZeroDivisionError" not in str(answer) and "eyes" not in str(answer)
    assert "ZeroDivisionError" in caplog.text


async def test_work_goes_on_when_who_asked_for_it_dies(served: Serving) -> None:
    sock = bare_socket(served.path)
    sock.sendall(
        b'{"type":"hello","protocol":1,"watch":true}\n{"type":"request","seq":1,"command":{"type":"rescan"}}\n'
    )
    await until(lambda: served.bench.waiting == 1, "the request is under way")
    sock.close()
    await until(lambda: served.server.attached == 0, "the client is gone")
    served.bench.gate.set()
    await until(lambda: served.bench.finished == 1, "the work is done")
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(1, "list")
        assert (await client.receive())["type"] == "reply"


async def test_attached_clients_are_counted(served: Serving) -> None:
    server = served.server
    assert (server.attached, server.nobody.is_set(), server.somebody.is_set()) == (0, True, False)
    async with await Lines.connect(served.path) as client, await Lines.connect(served.path) as other:
        await client.hello()
        await other.hello()
        assert (server.attached, server.nobody.is_set(), server.somebody.is_set()) == (2, False, True)
    await asyncio.wait_for(server.nobody.wait(), 5)
    assert (server.attached, server.somebody.is_set()) == (0, False)


async def test_everybody_is_told_why_the_engine_ends_and_answers_come_first(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        served.bench.gate.set()
        async with await Lines.connect(served.path) as asking, await Lines.connect(served.path) as watching:
            await asking.hello()
            await watching.hello(watch=True)
            await watching.receive()
            await asking.request(1, "rescan")
            await until(lambda: served.bench.finished, "the request is handled")
            await served.server.close("maintenance")
            assert (await asking.receive())["type"] == "reply"
            for client in (asking, watching):
                assert await client.receive() == {"type": "goodbye", "reason": "maintenance"}
                assert await client.ended()
        assert not served.path.exists()


async def test_a_request_that_does_not_end_holds_up_the_end_only_for_a_moment(served: Serving) -> None:
    async with await Lines.connect(served.path) as client:
        await client.hello()
        await client.request(1, "rescan")
        await until(lambda: served.bench.waiting, "the request is under way")
        async with asyncio.timeout(5):
            await served.server.close("maintenance")
        assert (await client.receive())["type"] == "goodbye"
    assert served.bench.finished == 0


async def test_the_socket_is_private_whatever_the_umask(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        async with serving(tmp_path) as served:
            assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
    finally:
        os.umask(previous)


async def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    async with serving(tmp_path) as first:
        # What a killed engine leaves: the name is still there after the end.
        os.link(first.path, tmp_path / "kept")
    (tmp_path / "kept").rename(first.path)
    async with serving(tmp_path) as served, await Lines.connect(served.path) as client:
        assert (await client.hello())["type"] == "welcome"


async def test_a_socket_on_which_somebody_listens_is_left_alone(served: Serving) -> None:
    bench = Bench()
    with pytest.raises(StateBusyError, match="Another engine"):
        await Server(bench, bench.board, served.path).start(served.path)
    async with await Lines.connect(served.path) as client:
        assert (await client.hello())["type"] == "welcome"


async def test_what_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    bench = Bench()
    path = tmp_path / "engine.sock"
    path.write_text("precious")
    with pytest.raises(CamtrustError, match="in the way"):
        await Server(bench, bench.board, path).start(path)
    assert path.read_text() == "precious"


@pytest.mark.parametrize("path", ["missing/engine.sock", "x" * 150])
async def test_a_place_where_no_socket_can_be_is_told_in_words(tmp_path: Path, path: str) -> None:
    bench = Bench()
    with pytest.raises(CamtrustError, match="cannot be made") as caught:
        await Server(bench, bench.board, tmp_path).start(tmp_path / path)
    assert "--socket" in caught.value.hint
