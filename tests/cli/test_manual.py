"""The manual page: complete, current, and roff without a complaint."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.model.errors import ExitCode
from tests.cli.shell import Shell
from tui.cli import INTERRUPTED, cli
from tui.manual import escaped, manual

PAGE = Path(__file__).parents[2] / "docs" / "camtrust.1"


def formatted(page: str, device: str = "ascii") -> str:
    """Return the page as it is read, and have roff complain of nothing."""
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff here")
    done = subprocess.run(
        # Lines long enough that none is broken, and no ligature or hyphenation.
        [groff, "-man", "-ww", f"-T{device}", "-P-cbou", "-rHY=0", "-rLL=400n"],
        input=page,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r"[ \n]+", " ", done.stdout)


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield f"{path} {name}", command
            if isinstance(command, click.Group):
                yield from commands(command, f"{path} {name}")


def test_the_page_in_docs_is_current() -> None:
    assert PAGE.read_text("ascii") == manual(cli), "make it anew: camtrust man > docs/camtrust.1"


def test_every_command_and_option_is_in_it_and_roff_complains_of_nothing() -> None:
    told = formatted(manual(cli))
    for path, command in [("camtrust", cli), *commands(cli, "camtrust")]:
        assert path in told
        for option in (each for each in command.params if isinstance(each, click.Option) and not each.hidden):
            assert all(name in told for name in option.opts), (path, option.opts)
    assert "camtrust man" not in told.partition("COMMANDS")[2]


def test_every_part_of_a_manual_page_is_there() -> None:
    sections = re.findall(r"^\.SH (.*)", manual(cli), re.MULTILINE)
    assert sections == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "COMMANDS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
    ]


def test_every_exit_code_and_variable_is_told() -> None:
    page = manual(cli)
    for code in (*ExitCode, INTERRUPTED):
        assert f"\\fB{int(code)}\\fR" in page
    for option in cli.params:
        if isinstance(option, click.Option) and option.envvar:
            assert f"\\fB{option.envvar}\\fR" in page


HOSTILE = [".de x", "'br", "\\fBx", "a\\*(xx", 'say "no"', "-o - --opt", "^~`", "a.\n.so /etc/passwd", "\\"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_read_as_it_is_written(text: str) -> None:
    program = click.Group("camtrust", help="Does things.", commands=[click.Command("do", help=f"Begin. {text} end.")])
    page = manual(program)
    assert " ".join(f"Begin. {text} end.".split()) in formatted(page)


def test_a_text_is_told_in_any_script() -> None:
    program = click.Group("camtrust", help="Büro 事務所.")
    assert manual(program).isascii()
    assert "Büro 事務所." in formatted(manual(program), "utf8")


def test_a_line_that_begins_with_a_point_is_no_request() -> None:
    assert escaped(".TH") == "\\&.TH"


async def test_the_command_prints_the_page(tmp_path: Path) -> None:
    printed = await Shell(tmp_path).run("man")
    assert (printed.code, printed.err) == (0, "")
    assert printed.text == manual(cli)
