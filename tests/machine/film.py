"""A git repository with a manifest of a few shots: what people do to it, and what lies in it."""

import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import yaml

MANIFEST, LOCK, RENDERS = "cogvid.yaml", "cogvid.lock", "renders"

_HEAD = """\
version: 1
project: film
provider: {provider}
prices: {{cogvideox-3: {{amount: 1, currency: CNY}}}}
defaults: {{model: cogvideox-3}}

shots:
"""
_PERSON = ("-c", "user.name=Robin", "-c", "user.email=robin@example.com", "-c", "commit.gpgsign=false")


class Shot(NamedTuple):
    """A shot of the manifest; `after` is the shot on whose last frame it begins."""

    prompt: str
    after: str = ""


@dataclass(frozen=True)
class Board:
    """What a manifest says."""

    provider: str
    shots: Mapping[str, Shot] = field(default_factory=dict)

    @property
    def valid(self) -> bool:
        return bool(self.shots) and all(self.ends(name) for name in self.shots)

    def ends(self, name: str) -> bool:
        """Whether the chain of frames that leads to this shot begins somewhere."""
        seen: set[str] = set()
        while name and name in self.shots and name not in seen:
            seen.add(name)
            name = self.shots[name].after
        return not name

    def chain_of(self, name: str) -> Iterator[Shot]:
        """The shot, and those that it is made from."""
        while name:
            yield (shot := self.shots[name])
            name = shot.after

    @property
    def text(self) -> str:
        """As a manifest; shots are so far apart that git merges the edits of neighbours."""
        blocks = [
            f"  {name}:\n    prompt: {shot.prompt}\n"
            + (f"    image: {{shot: {shot.after}, frame: last}}\n" if shot.after else "")
            for name, shot in self.shots.items()
        ]
        return _HEAD.format(provider=self.provider) + "\n".join(blocks)


def read_board(text: str) -> Board | None:
    """What the manifest says; None where a merge has left something that is no manifest."""
    try:
        data = yaml.load(text, yaml.CSafeLoader)
        shots = {
            name: Shot(shot["prompt"], shot.get("image", {}).get("shot", ""))
            for name, shot in data["shots"].items()
        }
    except (yaml.YAMLError, AttributeError, LookupError, TypeError):
        return None
    board = Board(data["provider"], shots)
    # A shot that both sides added is there twice, which this reader overlooks.
    return board if board.valid and text.count("prompt:") == len(shots) else None


@dataclass(frozen=True)
class Film:
    """A work tree of the repository."""

    root: Path

    def begin(self, board: Board) -> None:
        """Make the repository, with a first commit."""
        self.root.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(board)
        self.commit()

    @property
    def board(self) -> Board:
        board = read_board((self.root / MANIFEST).read_text(encoding="utf-8"))
        assert board is not None
        return board

    def write(self, board: Board) -> None:
        assert board.valid
        (self.root / MANIFEST).write_text(board.text, encoding="utf-8")

    # --- git ---

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *_PERSON, *arguments],
            cwd=self.root,
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
        )
        assert not check or done.returncode == 0, f"git {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def commit(self) -> None:
        """Commit whatever has changed, which concludes a merge."""
        assert not self.conflicted
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "As it is now")

    @property
    def branch(self) -> str:
        return self.git("branch", "--show-current")

    @property
    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def merge(self, branch: str, side: str, *, lock_too: bool) -> None:
        """Merge a branch; where the manifest conflicts, or makes no sense, take a side: `ours` or `theirs`.

        A lock that conflicts is left as it is, and the merge open, unless that side is taken of it too.
        """
        self.git("merge", "--quiet", "--no-edit", "--no-commit", branch, check=False)
        for path in self._unmerged():
            if path != LOCK or lock_too:
                self.git("checkout", f"--{side}", path)
        if read_board((self.root / MANIFEST).read_text(encoding="utf-8")) is None:
            self.git("checkout", "HEAD" if side == "ours" else branch, "--", MANIFEST)
        self.git("add", MANIFEST)
        if not self.conflicted:
            self.commit()

    @property
    def conflicted(self) -> bool:
        """Whether the lock has both sides of a merge."""
        return self.lock.exists() and "\n<<<<<<< " in self.lock.read_text(encoding="utf-8")

    def _unmerged(self) -> list[str]:
        return self.git("diff", "--name-only", "--diff-filter=U").splitlines()

    # --- what lies in it ---

    @cached_property
    def state(self) -> Path:
        """Where the ledger and the cache lie, which all work trees share."""
        common = self.git("rev-parse", "--path-format=absolute", "--git-common-dir")
        return Path(common, "cogvid")

    @property
    def lock(self) -> Path:
        return self.root / LOCK

    def committed_locks(self) -> Iterator[str]:
        """The locks at the tips of the branches, as text."""
        for branch in self.branches:
            yield self.git("show", f"{branch}:{LOCK}", check=False)

    def files(self) -> Iterator[Path]:
        """The files of the work tree, those that git ignores too."""
        for path in self.root.rglob("*"):
            if path.is_file() and path.relative_to(self.root).parts[0] != ".git":
                yield path

    def ledger(self) -> list[sqlite3.Row]:
        """The attempts that the ledger knows."""
        path = self.state / "ledger.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute("SELECT * FROM attempts").fetchall()
