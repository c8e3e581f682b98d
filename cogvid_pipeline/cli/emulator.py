"""`cogvid emulator`: a local stand-in for the vendors' APIs."""

import secrets
import shlex
from contextlib import suppress
from typing import Any

import click

from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.options import finite
from cogvid_pipeline.emulator.chaos import KNOBS, read_knobs
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.emulator.vendors import APIS, base_path
from cogvid_pipeline.report.printable import printable

_EPILOG = "\b\nWhat --chaos can do, by a probability from 0 to 1 (arrears-after: a number):\n" + "\n".join(
    f"  {name:<14} {words}" for name, words in KNOBS.items()
)


@click.command(epilog=_EPILOG)
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65535),
    default=8799,
    show_default=True,
    help="Where to listen; 0 takes a free port.",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="A loopback address.")
@click.option("--key", default="", metavar="KEY", help="The one API key to take, instead of any.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    callback=finite,
    default=5.0,
    show_default=True,
    help="How long a task takes.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0.05, max=1.0),
    callback=finite,
    default=0.25,
    show_default=True,
    help="The size of clips; 1 for what was asked.",
)
@click.option(
    "--url-seconds",
    type=click.FloatRange(min=0),
    callback=finite,
    default=86400.0,
    show_default=True,
    help="How long the address of a clip is good.",
)
@click.option(
    "--result-by-request-id",
    "by_request_id",
    is_flag=True,
    help="Give BigModel's and Z.AI's results under the request id too, which is not documented.",
)
@click.option(
    "--chaos",
    multiple=True,
    metavar="KNOB=VALUE",
    help="Let things go wrong, as listed below. May be given several times.",
)
@click.option(
    "--seed",
    default=lambda: secrets.token_hex(4),
    metavar="TEXT",
    help="Let the same things go wrong as in another run.",
)
def command(port: int, host: str, chaos: tuple[str, ...], seed: str, **rest: Any) -> None:
    """Serve the APIs of GeekAI, BigModel and Z.AI on this machine, free of charge, until it is stopped.

    It checks each request to the letter, renders previews as clips, and prints on stdout the variables
    that make `cogvid` use it. What it makes is recorded as an emulator's: it counts while these variables
    are set, and is never taken for a paid clip.

    \b
    Examples:
      cogvid emulator > emulator.env &
      cogvid emulator --chaos lost-after=0.2 --chaos cut=0.3 --seed 7
    """
    knobs = read_knobs(chaos)
    with needing_extra("emulator", "the emulator"):
        from cogvid_pipeline.emulator.serve import serve

    settings = Settings(knobs=knobs, seed=seed, say=_say, **rest)

    def ready(origin: str) -> None:
        more = f", with chaos from --seed {shlex.quote(seed)}" if knobs else ""
        _say(f"serving on {origin}{more}; Ctrl-C ends it")
        click.echo(_exports(origin, settings.key))

    _say(str(serve(settings, host=host, port=port, ready=ready)))


def _say(words: str) -> None:
    with suppress(OSError):  # the terminal may have gone; whoever is served has not
        click.echo(printable(words), err=True)


def _exports(origin: str, key: str) -> str:
    """What a shell evaluates to make this the vendors."""
    return "\n".join(
        f"export {api.name.upper()}_{name}={shlex.quote(value)}"
        for api in APIS.values()
        for name, value in (("BASE_URL", origin + base_path(api)), ("API_KEY", key or "emulator"))
    )
