"""The command `camtrust`. Everything that takes long to import is imported by the command that needs it."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import click

from core.model.errors import CamtrustError, ExitCode, UsageError
from tui.attach import Options
from tui.commands import IN_ORDER_OF_USE, LateCommands
from tui.commands.options import screen_options
from tui.hygiene import harden
from tui.preferences import ScreenOptions

INTERRUPTED = 130
_NOT_TAKEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_COMPLETING = "_CAMTRUST_COMPLETE"

# What may not be read is told by what would read it: the folder of an engine that is only attached to is not.
_PATH = click.Path(path_type=Path, readable=False)
_ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT


class _InOrder(click.Group):
    """Lists the commands in the order in which they are of use, not by the alphabet."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names as they were added."""
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands=LateCommands(IN_ORDER_OF_USE),
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 usage or unusable terminal, 3 something needs review, 4 unreachable, "
    "5 the state folder is another engine's, 130 interrupted.",
)
@click.option(
    "--state-dir",
    type=_PATH,
    envvar="CAMTRUST_STATE_DIR",
    show_envvar=True,
    metavar="FOLDER",
    help="The gateway's state.  [default: this account's]",
)
@click.option(
    "--socket",
    type=_PATH,
    envvar="CAMTRUST_SOCKET",
    show_envvar=True,
    metavar="FILE",
    help="The engine's socket.  [default: in the state folder]",
)
@click.option(
    "--config",
    type=_PATH,
    envvar="CAMTRUST_CONFIG",
    show_envvar=True,
    metavar="FILE",
    help="Settings, instead of those of this account and of the machine (camtrust config path).",
)
@click.option(
    "--interface",
    "interfaces",
    multiple=True,
    metavar="ADDRESS",
    help="Local address to discover devices on, for an engine that is started; may be repeated.",
)
@screen_options
@click.version_option(package_name="camtrust", message="%(prog)s %(version)s")
@click.pass_context
def cli(
    context: click.Context,
    /,
    state_dir: Path | None,
    socket: Path | None,
    config: Path | None,
    interfaces: tuple[str, ...],
    **screen: Any,
) -> int | None:
    """Move a site's cameras to HTTPS and keep checking that each one is still itself.

    \b
      camtrust                                        the screens: discover, add, watch
      camtrust add 192.168.20.1 --user admin          add a camera, wait until it is done
      camtrust check                                  look at all of them now; what the exit code says
      camtrust review                                 whose certificate waits for a decision
      camtrust demo                                   try it on a simulated site

    The work is done by an engine in the background, which a command starts where none runs. It goes on when the command
    ends or the connection drops.
    """
    environment = frozenset(name for name in screen if context.get_parameter_source(name) is _ENVIRONMENT)
    context.obj = Options(state_dir, socket, config, interfaces, ScreenOptions(**screen, environment=environment))
    return None if context.invoked_subcommand else _screens(context.obj)


def _screens(options: Options) -> int:
    from tui.terminal import unusable

    if why := unusable():
        raise UsageError(
            "The screens cannot be shown here.",
            f"{why} The plain commands work everywhere, such as camtrust list; camtrust --help names them all.",
        )
    from tui.preferences import preferences
    from tui.start import open_screens

    return open_screens(options.place(), preferences(options))


def main() -> int:
    """Run the command line and return what the shell is told. Nothing gets out of here as a traceback."""
    harden()
    if _COMPLETING in os.environ:
        from tui.completion import use_own_bash

        use_own_bash()
    try:
        return int(cli.main(prog_name="camtrust", standalone_mode=False) or ExitCode.DONE)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except CamtrustError as error:
        return _tell(error)
    except BrokenPipeError:
        # Whoever read our output has had enough.
        _give_up_output()
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the last place before the shell
        if isinstance(error, OSError) and error.errno in _NOT_TAKEN:
            _give_up_output()
            return _tell(CamtrustError(f"The output cannot be written: {error.strerror}.", "Write it elsewhere."))
        return _tell_crash(error)


def _give_up_output() -> None:
    """Have what is left in the buffer not tried again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(error: CamtrustError) -> int:
    click.echo(f"camtrust: {error.title}", err=True)
    if error.hint:
        click.echo(indent(error.hint, "  "), err=True)
    return error.exit_code


def _tell_crash(error: Exception) -> int:
    from tui.crash import write_crash_log

    log = write_crash_log(error)
    where = f"; see {log}" if log else ""
    click.echo(f"camtrust: unexpected {type(error).__name__}, this is a fault of camtrust{where}", err=True)
    return ExitCode.FAILED
