"""`cogvid credentials`: say, prove and check how clips were made."""

from pathlib import Path

import click

from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.options import reads_manifest
from cogvid_pipeline.cli.project import open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.durable import make_directory_durably, replace_durably
from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.provenance.variables import SIGNING_KEY
from cogvid_pipeline.report.printable import printable


@click.group()
def command() -> None:
    """Sign clips, check signed ones, and make a certificate to try that with.

    Content Credentials (C2PA) are a signed record inside of a clip of how it was made. `apply` adds them
    where the manifest has `provenance`; these commands are for clips that were there before, and for those
    who receive them.

    \b
    Examples:
      cogvid credentials test-certificate certs
      cogvid credentials sign
      cogvid credentials verify
    """


@command.command()
@click.argument("shots", nargs=-1, metavar="[SHOT]...")
@reads_manifest
def sign(shots: tuple[str, ...], settings: Settings) -> None:
    """Label clips that are there already, and sign them where the manifest names a certificate.

    Without names it is done for each clip that does not lie there labelled; with names it is done anew. The
    clips as they came stay in the cache.

    \b
    Examples:
      cogvid credentials sign
      cogvid credentials sign arrival walk@2
    """
    from cogvid_pipeline.cli.labelling import label_clips

    project = open_project(settings)
    project.check_takes(shots)
    with project.exclusive_ledger("cogvid credentials sign"):
        for line in label_clips(project, shots):
            click.echo(printable(line))


@command.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--trust",
    "anchors",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Certificates in PEM; credentials that lead to none of them are not accepted.",
)
@reads_manifest
def verify(files: tuple[Path, ...], anchors: Path | None, settings: Settings) -> None:
    """Check the credentials of files, or of all the project's clips; exit with 1 unless all of them hold.

    Uses no network. Of the project's clips it also checks that they are made of those in the lock.

    \b
    Examples:
      cogvid credentials verify
      cogvid credentials verify film/walk.mp4 --trust certs/anchor.pem
    """
    with needing_extra("credentials", "reading credentials"):
        from cogvid_pipeline.cli.verifying import Verdict, clips_of, verdict_on

    chosen = dict.fromkeys(files, "") or clips_of(open_project(settings))
    trusted = anchors.read_text(encoding="utf-8", errors="replace") if anchors else ""
    verdicts: list[Verdict] = []
    for path, digest in chosen.items():
        verdicts.append(verdict_on(path, digest, trusted))
        click.echo(printable(f"{path}: {verdicts[-1].words}"))
    if not verdicts:
        click.echo("there are no clips yet")
    if bad := sum(not verdict.holds for verdict in verdicts):
        raise CogvidError(f"{bad} of {len(verdicts)} clips have no credentials that hold")


@command.command("test-certificate")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
def test_certificate(directory: Path) -> None:
    """Write a certificate and a key to try signing with; nobody trusts them, and they last thirty days.

    DIR gets chain.pem for the manifest, key.pem for the environment, anchor.pem for `verify --trust`, and a
    .gitignore that keeps the key out of git. Prints the variable that names the key.

    \b
    Example:
      cogvid credentials test-certificate certs > signing.env
    """
    import shlex

    with needing_extra("credentials", "a test certificate"):
        from cogvid_pipeline.provenance.trial import make_trial_identity

    if there := [name for name in ("chain.pem", "key.pem", "anchor.pem") if (directory / name).exists()]:
        raise UsageError(f"{directory / there[0]} is there already", hint="name a directory of its own")
    made = make_trial_identity()
    make_directory_durably(directory)
    if not (directory / ".gitignore").exists():
        replace_durably(directory / ".gitignore", b"key.pem\n")
    replace_durably(directory / "key.pem", made.key, secret=True)
    replace_durably(directory / "chain.pem", made.chain)
    replace_durably(directory / "anchor.pem", made.anchor)
    click.echo(
        printable(f"wrote chain.pem, anchor.pem and key.pem in {directory}; not for real use"), err=True
    )
    click.echo(f"export {SIGNING_KEY}={shlex.quote(str((directory / 'key.pem').absolute()))}")
