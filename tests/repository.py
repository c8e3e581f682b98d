"""Real git repositories for tests."""

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

_IDENTITY = ("-c", "user.name=Fox", "-c", "user.email=fox@example.com", "-c", "protocol.file.allow=always")


def git(directory: Path, *arguments: str, days_ago: float = 0, stdin: str = "", fails: bool = False) -> str:
    """Run git and return what it printed; what it commits is so many days old.

    `fails` says that it exits with 1, as a merge with conflicts does.
    """
    date = (datetime.now().astimezone() - timedelta(days=days_ago)).isoformat()
    ran = subprocess.run(
        ["git", *_IDENTITY, *arguments],
        cwd=directory,
        env={**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        input=stdin,
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == fails, ran.stdout + ran.stderr
    return ran.stdout.strip()


def make_repository(directory: Path, *options: str) -> Path:
    """A repository whose branch is called `main`, with one empty commit that is long past."""
    directory.mkdir()
    git(directory, "init", "-q", "-b", "main", *options)
    git(directory, "commit", "-q", "--allow-empty", "-m", "First", days_ago=1000)
    return directory


def commit(directory: Path, path: str, content: str | bytes, *, days_ago: float = 100) -> None:
    """Write a file and commit it, together with whatever else has changed."""
    write(directory / path, content)
    git(directory, "add", "--all", "--force")
    git(directory, "commit", "-q", "-m", "Change", days_ago=days_ago)


def write(path: Path, content: str | bytes) -> None:
    """Write a file, and make the directories that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def leave_unmerged(root: Path, name: str, base: bytes, ours: bytes, theirs: bytes, *options: str) -> bool:
    """Bring a file into the state in which a merge leaves it; whether that is a conflict."""
    for version, data in (("base", base), ("ours", ours), ("theirs", theirs)):
        (root / version).write_bytes(data)
    stages = git(root, "hash-object", "-w", "base", "ours", "theirs").split()
    index = "".join(f"100644 {blob} {stage}\t{name}\n" for stage, blob in enumerate(stages, 1))
    git(root, "update-index", "--index-info", stdin=f"0 {'0' * 40}\t{name}\n{index}")
    merged = subprocess.run(
        ["git", "merge-file", "-p", *options, "ours", "base", "theirs"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    (root / name).write_bytes(merged.stdout)
    return merged.returncode != 0
