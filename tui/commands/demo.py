"""`camtrust demo`."""

from __future__ import annotations

import click

from tui.attach import Options
from tui.commands.options import as_json, pass_options


@click.command("demo")
@click.option("--headless", is_flag=True, help="Add every camera without a screen and tell whether all went well.")
@click.option(
    "--fast/--real-time",
    default=None,
    help="Cameras that answer at once, or that take as long as real ones. Default: fast only with --headless.",
)
@as_json
@pass_options
def demo(options: Options, headless: bool, fast: bool | None, as_json: bool) -> int:
    """Try it out: a simulated site of cameras on loopback, an engine of its own, nothing kept.

    Without a terminal it runs as with --headless: it adds every camera, prints what became of each, and returns 0 only
    if every one reached the state that its kind can reach.
    """
    from tui.demo import run_headless, run_screen
    from tui.preferences import preferences
    from tui.terminal import unusable

    why = unusable()
    if headless or as_json or why:
        return run_headless(fast=fast is not False, as_json=as_json)
    return run_screen(preferences(options), fast=bool(fast))
