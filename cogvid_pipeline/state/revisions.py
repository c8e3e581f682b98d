"""Read files as a git repository has them, on every branch or at one revision."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path

from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.state.git import Git

# The trees and commits of submodules are no files.
_FILE_MODES = (b"100", b"120")


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of a commit: its path below the directory that was asked about, its object, its size in bytes.

    What is a `link` has the path that it leads to for its content.
    """

    path: str
    object: str
    size: int
    link: bool


class Revisions:
    """The repository around a directory, whose git directory all its work trees share.

    Methods raise StateError when git is missing, or cannot read all that there should be.
    """

    def __init__(self, directory: Path, repository: Path) -> None:
        self._git = Git(directory)
        found = Path(directory, _line(self._git.run("rev-parse", "--git-common-dir"))).resolve()
        if found != repository.resolve():
            raise StateError(
                f"git takes {found} for the repository around {directory}, not {repository}",
                hint=f"see whether {repository} is damaged, with `git fsck`",
            )

    def commit(self, revision: str) -> str:
        """The commit that a revision stands for. Raises UsageError when there is none."""
        options = ("--verify", "--quiet", "--end-of-options")
        try:
            commit = _line(self._git.run("rev-parse", *options, f"{revision}^{{commit}}"))
        except StateError:
            commit = ""
        if not commit or commit.startswith("^"):  # that is all but a commit, which is a revision to git
            hint = "`git log` lists commits, if there are any yet; a shallow clone lacks the old ones"
            raise UsageError(f"git knows no revision {revision!r}", hint=hint)
        return commit

    def files(self, commit: str, below: Path = Path()) -> list[TreeFile]:
        """The files and links that a commit has `below` the directory; their paths begin there."""
        prefix = "" if below == Path() else f"{below}/"
        listed = self._git.run("ls-tree", "-r", "-z", "--long", commit, "--", *filter(None, [prefix]))
        entries = [entry.partition(b"\t") for entry in listed.split(b"\0")[:-1] if _is_file(entry)]
        fields = [(head.split(), os.fsdecode(path).removeprefix(prefix)) for head, _, path in entries]
        if lacking := next((path for (*_, size), path in fields if not size.isdigit()), None):
            raise StateError(f"the repository lacks {lacking} of {commit}", hint="see `git fsck`")
        return [
            TreeFile(path, name.decode(), int(size), link=mode.startswith(b"120"))
            for (mode, _, name, size), path in fields
        ]

    def contents(self, objects: Iterable[str]) -> Iterator[Iterator[bytes]]:
        """The bytes of each object, in blocks; those of one are to be read before the next is asked for."""
        return self._git.contents(objects)

    def read_at(self, revision: str, path: str) -> bytes | None:
        """A file as it is at a revision; None where there is no such file.

        `path` is relative to the directory. Raises UsageError when there is no such revision.
        """
        commit = self.commit(revision)
        name = os.path.relpath(Path(self._git.directory, path), self._git.directory)
        entry, _, listed = self._git.run("ls-tree", "-z", commit, "--", name).partition(b"\t")
        if listed != os.fsencode(name) + b"\0" or not entry.startswith(b"100"):
            return None
        return self._git.run("cat-file", "blob", entry.split(b" ")[2].decode())

    def versions(self, suffix: str, *, since: float) -> Iterator[Iterator[bytes]]:
        """Files whose names end so, as all that is to be kept has them; each content once, in blocks.

        That is every branch, remote branch, tag and stash entry, the HEAD and the index of every work tree,
        and the commits since then (in seconds since the epoch) with what they replaced. The blocks of one
        file are to be read before the next is asked for. In a shallow clone history ends where it ends.
        """
        yield from self._git.contents(sorted(self._committed(suffix, since) | self._staged(suffix)))

    def work_trees(self) -> list[Path]:
        """The top directory of each work tree. Raises StateError when one is not there."""
        entries = os.fsdecode(self._git.run("worktree", "list", "--porcelain")).split("\n\n")
        listed = [entry.split("\n") for entry in entries if entry.strip()]
        return [
            self._top(Path(lines[0].removeprefix("worktree "))) for lines in listed if "bare" not in lines
        ]

    def _top(self, listed: Path) -> Path:
        if not listed.is_dir():
            raise StateError(
                f"the work tree {listed} is not there, so what it needs cannot be known",
                hint="bring it back, or if it is gone for good run `git worktree prune`",
            )
        if (listed / ".git").exists():
            return listed
        # A main work tree whose git directory lies elsewhere, as a submodule's does, is listed as that one.
        here = Path(self._git.directory, _line(self._git.run("rev-parse", "--git-dir"))).resolve()
        at = self._git.directory if here == listed.resolve() else listed
        return Path(_line(self._git.run("rev-parse", "--show-toplevel", at=at)))

    def _committed(self, suffix: str, since: float) -> set[str]:
        """What is in all tips, and on both sides of all that happened since then."""
        empty = _line(self._git.run("hash-object", "-t", "tree", "--stdin"))
        # From each tip to the next, since they differ in little; the first is compared with nothing.
        steps = [f"{old} {new}" for old, new in pairwise([empty, *self._trees(self._tips())])]
        steps += self._commits("--all", "--reflog", f"--max-age={max(0, ceil(since))}")
        options = ("--stdin", "-z", "-r", "-m", "--root", "--no-commit-id", "--no-renames")
        differences = self._git.run("diff-tree", *options, "--", _named(suffix), stdin=_lines(steps))
        # What is compared is named before its first file, on a line of its own.
        fields = (field.rpartition(b":")[2].split(b" ") for field in differences.split(b"\0")[:-1:2])
        found: set[str] = set()
        for old_mode, new_mode, old, new, _ in fields:
            found |= {name.decode() for mode, name in ((old_mode, old), (new_mode, new)) if _is_file(mode)}
        return found

    def _tips(self) -> list[str]:
        """The commits that refs and work trees are at, and those that stash entries are made of."""
        # `--all` has the HEADs of all work trees too, and does not pass over a broken ref.
        stashed = self._commits("--walk-reflogs", "--parents", "--glob=refs/stas[h]")
        return [*self._commits("--all", "--no-walk"), *stashed]

    def _commits(self, *options: str) -> list[str]:
        return self._git.run("rev-list", *options).decode().split()

    def _trees(self, commits: Iterable[str]) -> list[str]:
        asked = _lines(f"{commit}^{{tree}}" for commit in dict.fromkeys(commits))
        answers = self._git.run("cat-file", "--batch-check", stdin=asked).decode().splitlines()
        trees = dict.fromkeys(answer.partition(" ")[0] for answer in answers)
        if missing := [answer for answer in answers if answer.endswith(" missing")]:
            raise StateError(
                f"the repository is damaged: {missing[0]}", hint="`git fsck` says what is missing"
            )
        return list(trees)

    def _staged(self, suffix: str) -> set[str]:
        """What is in the index of each work tree; both sides of a conflict are."""
        found: set[str] = set()
        for tree in self.work_trees():
            staged = self._git.run("ls-files", "--stage", "-z", "--", _named(suffix), at=tree)
            fields = (entry.partition(b"\t")[0].split(b" ") for entry in staged.split(b"\0")[:-1])
            found |= {name.decode() for mode, name, _ in fields if _is_file(mode)}
        return found


def _named(suffix: str) -> str:
    """Git's pattern for files whose names end so, wherever in the repository the command is run."""
    return f":(top)*{suffix}"


def _is_file(mode: bytes) -> bool:
    return mode.startswith(_FILE_MODES)


def _line(printed: bytes) -> str:
    return os.fsdecode(printed).removesuffix("\n")


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
