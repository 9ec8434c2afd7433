"""Roles by Unix groups, and a socket that the groups may open."""

import asyncio
import grp
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.model.config import AccessSettings
from core.model.errors import CamtrustError, ExitCode, UsageError
from core.model.messages import Role
from core.service.access import Access, Group, missing_group, resolve
from core.service.listening import SocketFile
from core.service.peer import Peer, peer_of
from tests.service.helpers import Lines, serving

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")

# Groups that need no name: the kernel knows numbers.
OPERATORS, VIEWERS, NEITHER = Group("ops", 54001), Group("wall", 54002), 54003
OWN = Group("own", os.getegid())
STRANGER = 54321


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every account may enter and only this one may change."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


PEERS = {
    "the engine's account": (Peer(os.geteuid(), frozenset()), Role.OPERATOR),
    "root": (Peer(0, frozenset()), Role.OPERATOR),
    "an operator": (Peer(STRANGER, frozenset((NEITHER, OPERATORS.gid))), Role.OPERATOR),
    "a viewer": (Peer(STRANGER, frozenset((VIEWERS.gid,))), Role.VIEWER),
    "in both groups": (Peer(STRANGER, frozenset((VIEWERS.gid, OPERATORS.gid))), Role.OPERATOR),
    "anybody else": (Peer(STRANGER, frozenset((NEITHER,))), Role.VIEWER),
    "in no group": (Peer(STRANGER, frozenset()), Role.VIEWER),
}


@pytest.mark.parametrize("who", PEERS)
def test_the_role_follows_from_account_and_groups_and_everybody_can_ask_for_less(who: str) -> None:
    peer, most = PEERS[who]
    access = Access(OPERATORS, VIEWERS)
    assert access.role_of(peer, Role.OPERATOR) is most
    assert access.role_of(peer, Role.VIEWER) is Role.VIEWER


def test_where_no_group_is_named_only_the_engines_account_and_root_are_operators() -> None:
    roles = {who: Access().role_of(peer, Role.OPERATOR) for who, (peer, _) in PEERS.items()}
    assert {who for who, role in roles.items() if role is Role.OPERATOR} == {"the engine's account", "root"}


def test_the_socket_is_for_the_viewers_where_there_are_any() -> None:
    assert Access(OPERATORS, VIEWERS).openers == VIEWERS
    assert Access(operators=OPERATORS).openers == OPERATORS
    assert Access().openers is None


def test_groups_are_found_by_name() -> None:
    known = grp.getgrall()[0]
    assert resolve(AccessSettings(viewers=known.gr_name)) == Access(None, Group(known.gr_name, known.gr_gid))


@pytest.mark.parametrize("key", ["operators", "viewers"])
def test_a_group_that_is_not_there_is_named_with_how_to_make_it(key: str) -> None:
    with pytest.raises(UsageError, match=f"{key}: there is no group no-such-group") as caught:
        resolve(AccessSettings(**{key: "no-such-group"}))
    assert "groupadd no-such-group" in caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE


def test_the_kernel_tells_uid_and_groups_of_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_of(ours) == Peer(os.geteuid(), frozenset((os.getegid(), *os.getgroups())))


MANY_GROUPS = """
import os, socket
from core.service.peer import peer_of
os.setgroups(range(60000, 60000 + 300)); os.setgid(59000); os.setuid(54321)
ours, theirs = socket.socketpair()
assert peer_of(ours) == (54321, {59000, *range(60000, 60000 + 300)}), peer_of(ours)
"""


@needs_root
def test_who_is_in_very_many_groups_is_known_by_each_of_them() -> None:
    subprocess.run([sys.executable, "-I", "-c", MANY_GROUPS], check=True, timeout=20)


@pytest.mark.parametrize("umask", [0, 0o077])
def test_the_socket_of_a_group_is_for_its_members_alone_whatever_the_umask(shared: Path, umask: int) -> None:
    previous = os.umask(umask)
    try:
        file = SocketFile(shared / "engine.sock", OWN)
    finally:
        os.umask(previous)
    found = file.path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, OWN.gid)
    file.remove()
    assert not file.path.exists()


STEPS = """
import json, os, socket, stat, sys
from pathlib import Path
from core.service.access import Group
from core.service.listening import SocketFile

path, seen = Path(sys.argv[1]), []

def look(event, arguments):
    if event in ("os.chown", "os.chmod") and not isinstance(arguments[0], int):
        with socket.socket(socket.AF_UNIX) as probe:
            seen.append([event, stat.S_IMODE(path.lstat().st_mode), probe.connect_ex(str(path)) != 0])

os.umask(0)
sys.addaudithook(look)
SocketFile(path, Group("own", os.getegid()))
print(json.dumps(seen))
"""


def test_until_the_socket_is_the_groups_it_is_private_and_lets_nobody_in(shared: Path) -> None:
    script = [sys.executable, "-I", "-W", "ignore::ResourceWarning", "-c", STEPS, str(shared / "engine.sock")]
    done = subprocess.run(script, capture_output=True, text=True, timeout=20, check=True)
    assert msgspec.json.decode(done.stdout) == [["os.chown", 0o600, True], ["os.chmod", 0o600, True]]


FOLDERS = {
    "a private one": (0o700, "cannot enter"),
    "one for another group": (0o750, "cannot enter"),
    "one in which the group may change things": (0o775, "Others could put"),
    "one in which everybody may": (0o757, "Others could put"),
    "one like that for temporary files": (0o1777, "Others could put"),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_that_the_group_cannot_enter_or_others_can_change_is_refused(shared: Path, kind: str) -> None:
    mode, problem = FOLDERS[kind]
    folder = shared / "run"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(CamtrustError, match=problem) as caught:
        SocketFile(folder / "engine.sock", VIEWERS)
    assert str(folder) in caught.value.title
    assert "--socket /run/camtrust/engine.sock" in caught.value.hint
    assert not any(folder.iterdir())


def test_a_folder_on_the_way_counts_too(shared: Path) -> None:
    (shared / "state" / "run").mkdir(parents=True)
    (shared / "state").chmod(0o700)
    with pytest.raises(CamtrustError, match=f"cannot enter {shared}/state,"):
        SocketFile(shared / "state" / "run" / "engine.sock", VIEWERS)


def test_a_folder_for_just_this_group_is_taken(shared: Path) -> None:
    shared.chmod(0o750)
    SocketFile(shared / "engine.sock", OWN).remove()


NO_MEMBER = """
import os, sys
from pathlib import Path
from core.model.errors import CamtrustError
from core.service.access import Group
from core.service.listening import SocketFile
path = Path(sys.argv[1])
os.chown(path.parent, 54321, 54321)
os.setgroups([]); os.setgid(54321); os.setuid(54321)
try:
    SocketFile(path, Group("wall", 54002))
except CamtrustError as error:
    print(error.title, error.hint, os.listdir(path.parent))
"""


@needs_root
def test_an_engine_that_is_not_in_the_group_says_so_and_leaves_no_socket(shared: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", NO_MEMBER, shared / "engine.sock"], capture_output=True, text=True, timeout=20
    )
    assert done.stderr == ""
    assert "cannot be given to the group wall" in done.stdout and "SupplementaryGroups=wall" in done.stdout
    assert done.stdout.endswith("[]\n")


CLIENT = """
import json, os, socket, sys
path, groups, role = json.loads(sys.argv[1])
s = socket.socket(socket.AF_UNIX)
os.setgroups(groups); os.setgid(54321); os.setuid(54321)
try:
    s.connect(path)
except PermissionError:
    print('"closed"')
else:
    s.sendall(b'{"type":"hello","protocol":1,"role":"%s"}\\n' % role.encode())
    print(s.makefile().readline())
"""


async def role_given(path: Path, groups: list[int], role: str = "operator") -> str:
    """Return what another account becomes that is in these groups by supplementary groups alone."""
    script = [sys.executable, "-I", "-c", CLIENT, msgspec.json.encode([str(path), groups, role]).decode()]
    done = await asyncio.to_thread(subprocess.run, script, capture_output=True, timeout=20, check=True)
    answer: Any = msgspec.json.decode(done.stdout)
    return answer if isinstance(answer, str) else answer["role"]


@needs_root
async def test_other_accounts_get_what_their_groups_give_them_and_no_more(shared: Path) -> None:
    async with serving(shared / "engine.sock", Access(OPERATORS, VIEWERS)) as served:
        assert await role_given(served.path, [VIEWERS.gid, OPERATORS.gid]) == "operator"
        assert await role_given(served.path, [VIEWERS.gid, OPERATORS.gid], "viewer") == "viewer"
        assert await role_given(served.path, [VIEWERS.gid]) == "viewer"
        assert await role_given(served.path, [OPERATORS.gid]) == "closed"
        assert await role_given(served.path, [NEITHER]) == "closed"
        assert await role_given(served.path, []) == "closed"


@needs_root
async def test_where_only_operators_are_named_the_socket_is_theirs(shared: Path) -> None:
    async with serving(shared / "engine.sock", Access(operators=OPERATORS)) as served:
        assert await role_given(served.path, [OPERATORS.gid]) == "operator"
        assert await role_given(served.path, [VIEWERS.gid]) == "closed"


@needs_root
async def test_where_nobody_is_named_no_other_account_gets_in(shared: Path) -> None:
    async with serving(shared / "engine.sock") as served:
        assert await role_given(served.path, [0, OPERATORS.gid, VIEWERS.gid]) == "closed"


CROWD = """
import os, socket, sys
os.setgid(54321); os.setuid(54321)
crowd = [socket.socket(socket.AF_UNIX) for _ in range(17)]
for s in crowd:
    s.connect(sys.argv[1])
print(crowd[-1].makefile().readline(), flush=True)
sys.stdin.read()
"""


@needs_root
async def test_one_account_cannot_take_all_places(shared: Path) -> None:
    async with serving(shared / "engine.sock") as served:
        served.path.chmod(0o666)
        command = [sys.executable, "-I", "-c", CROWD, str(served.path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:
            assert crowd.stdin is not None and crowd.stdout is not None
            answer = msgspec.json.decode(await asyncio.to_thread(crowd.stdout.readline))
            assert answer["title"] == "16 clients of this account are attached"
            async with await Lines.connect(served.path) as client:
                assert (await client.hello())["type"] == "welcome"
            crowd.stdin.close()


ATTACHING = """
import asyncio, os, sys
from pathlib import Path
import core.service.access  # Where the interpreter is out of reach for the other account, it loads nothing later.
from core.model.errors import CamtrustError
from core.service.client import Client
os.setgroups([]); os.setgid(54321); os.setuid(54321)
try:
    asyncio.run(Client.connect(Path(sys.argv[1])))
except CamtrustError as error:
    print(error.title, error.hint, sep="|", end="")
"""


async def told(path: Path) -> str:
    script = [sys.executable, "-I", "-c", ATTACHING, str(path)]
    done = await asyncio.to_thread(subprocess.run, script, capture_output=True, text=True, timeout=20)
    assert done.stderr == ""
    return done.stdout


@needs_root
async def test_who_may_not_attach_is_told_which_group_to_join(shared: Path) -> None:
    async with serving(shared / "engine.sock", Access(viewers=VIEWERS)) as served:
        title, hint = (await told(served.path)).split("|")
        assert title == "This account may not attach to the engine"
        assert f"usermod -aG {VIEWERS.gid}" in hint
        shared.chmod(0o750)
        os.chown(shared, 0, OPERATORS.gid)
        assert f"usermod -aG {OPERATORS.gid}" in (await told(served.path))


@needs_root
async def test_where_no_group_would_do_the_account_is_told(shared: Path) -> None:
    async with serving(shared / "engine.sock") as served:
        assert f"Use the account that {served.path} belongs to, or root" in await told(served.path)


async def test_the_missing_group_is_told_by_its_name(shared: Path) -> None:
    async with serving(shared / "engine.sock", Access(viewers=OWN)) as served, await Lines.connect(served.path):
        assert missing_group(served.path) == grp.getgrgid(OWN.gid).gr_name
