"""Which engine a command talks to, and whether it may start one."""

from pathlib import Path

import pytest

from core.model.errors import CamtrustError, EngineGoneError, ExitCode
from core.model.messages import Role
from core.service.paths import default_state_dir
from core.service.unit import unit
from tests.cli.shell import Shell
from tests.service.helpers import serving
from tui.attach import Options, Place, attach

MARKS = ("run/camtrust", "etc/camtrust/config.toml", "var/lib/camtrust")


def machine(root: Path, mark: str) -> Path:
    """Set a machine up for an engine of its own; `root` is where its files begin."""
    path = root / mark
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix:
        path.touch()
    else:
        path.mkdir()
    return root


@pytest.mark.parametrize("mark", MARKS)
def test_a_machine_with_an_engine_of_its_own_is_known_by_what_that_leaves(tmp_path: Path, mark: str) -> None:
    place = Options(interfaces=("127.0.0.1",)).place(machine(tmp_path, mark))
    assert place.socket == tmp_path / "run/camtrust/engine.sock"
    assert place.state_dir == tmp_path / "var/lib/camtrust"
    assert (place.starts, place.interfaces) == (False, ("127.0.0.1",))


def test_on_every_other_machine_each_account_has_its_own(tmp_path: Path) -> None:
    place = Options().place(tmp_path)
    assert (place.state_dir, place.starts) == (default_state_dir(), True)


@pytest.mark.parametrize("typed", [Options(state_dir=Path("x")), Options(socket=Path("x"))])
def test_what_was_typed_counts_on_every_machine(tmp_path: Path, typed: Options) -> None:
    assert typed.place(machine(tmp_path, MARKS[0])) == typed.own_place()
    own = typed.own_place()
    assert own.starts and Path.cwd() / "x" in (own.state_dir, own.socket)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Options().place(machine(tmp_path, MARKS[0]))


@pytest.mark.parametrize("start", [True, False])
async def test_the_machines_engine_is_never_started_by_a_command(place: Place, start: bool) -> None:
    with pytest.raises(EngineGoneError, match="The gateway's engine is not running") as caught:
        await attach(place, Role.OPERATOR, start=start)
    assert "systemctl start camtrust" in caught.value.hint and "systemctl status camtrust" in caught.value.hint
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert not place.state_dir.exists() and not place.socket.exists()


async def test_where_it_runs_it_is_attached_to(place: Place) -> None:
    async with serving(place.socket):
        client, started = await attach(place, Role.VIEWER, watch=True)
        async with client:
            assert (client.welcome.status.gateway, started) == ("gw-test", False)


async def test_an_engine_that_does_not_let_anybody_in_is_not_told_to_be_down(place: Place) -> None:
    async with serving(place.socket):
        held = [await attach(place, Role.VIEWER) for _ in range(64)]
        try:
            with pytest.raises(CamtrustError, match="64 clients are attached"):
                await attach(place, Role.VIEWER)
        finally:
            for client, _ in held:
                await client.close()


async def test_who_only_watches_starts_nothing(tmp_path: Path) -> None:
    own = Options(state_dir=tmp_path / "state").own_place()
    with pytest.raises(EngineGoneError, match="No engine is running here"):
        await attach(own, Role.VIEWER, watch=True, start=False)
    assert not own.state_dir.exists()


async def test_the_unit_is_printed_and_nothing_with_it(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    printed, helped = await shell.run("engine", "unit"), await shell.run("engine", "unit", "--help")
    assert (printed.code, helped.code) == (0, 0)
    assert printed.text == unit()
    assert "camtrust engine unit > /etc/systemd/system/camtrust.service" in helped.text
