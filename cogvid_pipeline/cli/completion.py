"""`cogvid completion`: shell completion."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete cogvid's commands and options.

    \b
    Examples:
      cogvid completion bash >> ~/.bashrc
      cogvid completion zsh > "${fpath[1]}/_cogvid"
      cogvid completion fish > ~/.config/fish/completions/cogvid.fish
    """
    root = context.find_root()
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(root.command, {}, "cogvid", "_COGVID_COMPLETE").source())
