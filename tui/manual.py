"""The manual page camtrust(1), made from the commands themselves, in roff (man(7))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version

import click

from core.service.paths import SYSTEM_CONFIG, SYSTEM_SOCKET, SYSTEM_STATE

_NAME = "camtrust \\- move a site's cameras to HTTPS and keep checking that each one is still itself"
_EXIT_STATUS = (
    ("0", "Done."),
    ("1", "Failed or refused. Of camtrust doctor: something is not in order."),
    ("2", "What was typed or configured cannot be meant, or the terminal cannot show the screens."),
    ("3", "Something needs a person, such as a certificate that has to be reviewed."),
    ("4", "Unreachable: a device does not answer, or no engine runs any more."),
    ("5", "The state folder is another engine's."),
    ("130", "Interrupted. What is under way goes on in the engine."),
)
_ENVIRONMENT = (
    ("NO_COLOR", "Draw without colours, whatever it holds."),
    ("LC_ALL, LC_CTYPE, LANG", "The encoding that they name is drawn with; where they name none, ASCII is."),
    ("XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME", "Where this account's settings, state and crash logs are."),
)
_FILES = (
    (str(SYSTEM_CONFIG), "Settings for every account of the machine."),
    (
        "~/.config/camtrust/config.toml",
        "Settings of one account, which count more; camtrust config example prints one.",
    ),
    ("~/.local/share/camtrust/", "State of an engine of one's own: devices, keys, history, and the log in log/."),
    ("~/.local/state/camtrust/log/", "Where a fault of camtrust itself happened, the last 20 of them."),
    (f"{SYSTEM_STATE}/", "State of the engine of the whole machine."),
    (str(SYSTEM_SOCKET), "The socket of that engine."),
)
_EXAMPLES = (
    ("Add a camera and wait until it is done:", "camtrust add 192.168.20.1 --user admin --password-file secret"),
    ("Bring all cameras that were found to HTTPS, one of each model first:", "camtrust rollout --all --user admin"),
    ("Have a script told whether something is wrong:", 'camtrust check || echo "exit code $?"'),
    ("Give a browser the authority that signs the cameras' certificates:", "camtrust authority export --pem -o ca.pem"),
    ("Look whether all is in order on this gateway:", "camtrust doctor"),
)
_ESCAPES = str.maketrans(
    {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}
)


def manual(program: click.Group) -> str:
    """Return the page for `program` and all of its commands that are not hidden."""
    context = click.Context(program, info_name="camtrust", **program.context_settings)
    lines = [
        '.\\" Made by camtrust man from the commands themselves.',
        f'.TH CAMTRUST 1 "" "camtrust {escaped(version("camtrust"))}" "User Commands"',
        ".SH NAME",
        _NAME,
        ".SH SYNOPSIS",
        *_synopsis(context),
        ".SH DESCRIPTION",
        *_prose(program.help or ""),
        ".SH OPTIONS",
        *_options(context),
        ".SH COMMANDS",
        *_commands(context),
        ".SH EXIT STATUS",
        *_list(_EXIT_STATUS),
        ".SH ENVIRONMENT",
        "An option that is typed counts more than the environment, and that more than a file.",
        *_list((*_variables(program), *_ENVIRONMENT)),
        ".SH FILES",
        *_list(_FILES),
        ".SH EXAMPLES",
        *(line for what, typed in _EXAMPLES for line in (".PP", *_text(what), *_block([typed]))),
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return text in which roff finds nothing to do, in ASCII."""
    ascii_only = "".join(sign if ord(sign) < 128 else f"\\[u{ord(sign):04X}]" for sign in text.translate(_ESCAPES))
    return f"\\&{ascii_only}" if ascii_only.startswith(".") else ascii_only


def _synopsis(context: click.Context) -> Iterator[str]:
    pieces = context.command.collect_usage_pieces(context)
    yield f"\\fB{escaped(context.command_path)}\\fR {escaped(' '.join(pieces))}"


def _commands(parent: click.Context) -> Iterator[str]:
    """Yield each command and, below it, its own ones."""
    group = parent.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(parent):
        command = group.commands[name]
        if command.hidden:
            continue
        context = click.Context(command, info_name=name, parent=parent)
        yield f".SS {escaped(context.command_path)}"
        yield from _synopsis(context)
        yield ".PP"
        yield from _prose(command.help or "")
        yield from _options(context)
        if isinstance(command, click.Group):
            yield from _commands(context)


def _options(context: click.Context) -> Iterator[str]:
    """Yield the options; that each command has --help is told once."""
    told = context.command.get_params(context) if context.parent is None else context.command.params
    records = (option.get_help_record(context) for option in told if isinstance(option, click.Option))
    return _list(record for record in records if record is not None)


def _variables(program: click.Group) -> Iterator[tuple[str, str]]:
    for parameter in program.params:
        if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str):
            yield parameter.envvar, f"As {parameter.opts[0]}."


def _list(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in entries:
        yield from (".TP", f"\\fB{escaped(term)}\\fR", *_text(meaning))


def _prose(text: str) -> Iterator[str]:
    """Yield a help text of click's, in which a paragraph that begins with a backspace keeps its lines."""
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        lines = paragraph.splitlines()
        if lines and lines[0].strip() == "\b":
            yield from _block(lines[1:])
        else:
            yield from ([".PP"] if number else [])
            yield from _text(" ".join(lines))


def _block(lines: Sequence[str]) -> Iterator[str]:
    yield from (".PP", ".RS 4", ".nf", *(escaped(line.strip()) for line in lines), ".fi", ".RE")


def _text(text: str) -> Iterator[str]:
    """Yield text as lines, a sentence each."""
    yield from (escaped(line) for line in " ".join(text.split()).replace(". ", ".\n").splitlines())
