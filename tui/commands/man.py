"""`camtrust man`: the manual page, as it is in docs/."""

import click


@click.command("man", hidden=True)
@click.pass_context
def man(context: click.Context) -> None:
    """Print the manual page in roff: camtrust man | man -l -."""
    from tui.manual import manual

    program = context.find_root().command
    assert isinstance(program, click.Group)
    click.echo(manual(program), nl=False)
