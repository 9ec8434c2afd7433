"""`camtrust completion`: the script by which a shell completes commands, options and devices."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that has a shell complete commands, options and devices.

    \b
      bash: camtrust completion bash > ~/.local/share/bash-completion/completions/camtrust
      zsh:  camtrust completion zsh > a folder of $fpath, as _camtrust
      fish: camtrust completion fish > ~/.config/fish/completions/camtrust.fish

    Devices are those of an engine that runs; none is started for it.
    """
    from click.shell_completion import get_completion_class

    from tui.completion import VARIABLE

    found = get_completion_class(shell)
    assert found is not None, "click knows these shells"
    click.echo(found(context.find_root().command, {}, "camtrust", VARIABLE).source())
