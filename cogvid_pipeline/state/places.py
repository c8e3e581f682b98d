"""Find the directory where the ledger and the clip cache of a project lie."""

import os
from contextlib import closing
from pathlib import Path

from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.state.database import open_for_reading
from cogvid_pipeline.state.git import Git

_ENOUGH = 64 * 1024  # more than any path that git writes down


def find_state_directory(manifest_dir: Path, ledger: str | None) -> Path:
    """Where state lies; nothing is made or written.

    That is `ledger` (the value of COGVID_LEDGER) when there is one, else `cogvid` in the common git
    directory, which `git clean` spares, all work trees share and no pull request can fill; outside of git
    it is `.cogvid` beside the manifest. A relative `ledger` is one of the project, wherever the command runs.
    Raises UsageError, and StateError when a `.git` file leads nowhere or both places have a claim.
    """
    if ledger:
        return _from_setting(ledger, manifest_dir)
    repository = find_repository(manifest_dir)
    outside = manifest_dir.resolve() / ".cogvid"
    if repository is None:
        return outside
    inside = repository / "cogvid"
    # Going on without it would pay again; but a commit may have brought it, so it is not taken in unseen.
    if (outside / "ledger.db").exists() and _has_paid(outside / "ledger.db"):
        raise StateError(
            f"{outside} has a ledger, and since this directory is under git its place is {inside}",
            hint=f"if it is yours, from before `git init`: mv {outside} {inside}; "
            "if it came with a commit, delete it",
        )
    return inside


def _has_paid(ledger: Path) -> bool:
    with closing(open_for_reading(ledger)) as connection:
        (paid,) = connection.execute("SELECT EXISTS (SELECT 1 FROM attempts WHERE paid)").fetchone()
    return bool(paid)


def find_repository(directory: Path) -> Path | None:
    """The git directory that all work trees of the repository around a directory share.

    None outside of git. Raises StateError when a `.git` file leads nowhere.
    """
    here = directory.resolve()
    for above in (here, *here.parents):
        if git_directory := _git_directory(above / ".git"):
            return _common(git_directory)
    return None


def _from_setting(ledger: str, manifest_dir: Path) -> Path:
    if "://" in ledger:
        scheme = ledger.partition("://")[0]
        raise UsageError(
            f"COGVID_LEDGER names a {scheme} server; this version of cogvid supports no ledger in PostgreSQL "
            "or any other server",
            hint="set COGVID_LEDGER to the path of a directory, or unset it",
        )
    place = (manifest_dir / Path(ledger).expanduser()).absolute()
    if _is_tracked(place):
        raise StateError(
            f"git tracks what COGVID_LEDGER names, {place}: a ledger that came with a commit could have your "
            "key sent anywhere",
            hint="set COGVID_LEDGER to a directory outside of the work tree, or unset it",
        )
    return place


def _is_tracked(place: Path) -> bool:
    """Whether a commit may have brought something in that directory."""
    around = next(each for each in place.parents if each.is_dir())
    if find_repository(around) is None or ".git" in place.parts:
        return False
    return bool(Git(around).run("ls-files", "-z", "--", os.path.relpath(place, around)))


def _git_directory(dot_git: Path) -> Path | None:
    """What `.git` stands for: itself, or in a work tree or a submodule the directory that it names."""
    if dot_git.is_dir():
        return dot_git if (dot_git / "HEAD").exists() else None
    text = _first_line(dot_git)
    if not text.startswith("gitdir:"):
        return None
    target = dot_git.parent / text.removeprefix("gitdir:").strip()
    if not target.is_dir():
        raise StateError(
            f"{dot_git} leads to {target}, which is not there, so the ledger cannot be found",
            hint="run `git worktree repair`, or set COGVID_LEDGER to the directory of the ledger",
        )
    return target.resolve()


def _common(git_directory: Path) -> Path:
    """The directory that all work trees of a repository share."""
    return (git_directory / _first_line(git_directory / "commondir")).resolve()


def _first_line(path: Path) -> str:
    """The file's first line without its end; empty when there is no such file."""
    try:
        with path.open("rb") as file:
            return os.fsdecode(file.read(_ENOUGH)).partition("\n")[0].rstrip("\r")
    except OSError:
        return ""
