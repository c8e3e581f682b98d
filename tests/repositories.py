"""Real git repositories for tests."""

import os
import subprocess
from pathlib import Path

_IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Test"), ("EMAIL", "test@example.com"))
}


def git(root: Path, *arguments: str, stdin: bytes | None = None, fails: bool = False) -> bytes:
    """What git prints; `fails` says that it exits with 1, as a merge with conflicts does."""
    ran = subprocess.run(
        ["git", "-c", "advice.defaultBranchName=false", "-c", "init.defaultBranch=main", *arguments],
        cwd=root,
        env={**os.environ, **_IDENTITY},
        input=stdin,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == fails, ran.stdout + ran.stderr
    return ran.stdout


def init(root: Path) -> Path:
    """A repository without a commit."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q")
    return root


def commit(root: Path, message: str) -> None:
    """Commit everything that is there."""
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", message)


def leave_unmerged(root: Path, name: str, base: bytes, ours: bytes, theirs: bytes, *options: str) -> bool:
    """Bring a file into the state in which a merge leaves it; whether that is a conflict."""
    for version, data in (("base", base), ("ours", ours), ("theirs", theirs)):
        (root / version).write_bytes(data)
    stages = git(root, "hash-object", "-w", "base", "ours", "theirs").decode().split()
    index = "".join(f"100644 {blob} {stage}\t{name}\n" for stage, blob in enumerate(stages, 1))
    git(root, "update-index", "--index-info", stdin=f"0 {'0' * 40}\t{name}\n{index}".encode())
    merged = subprocess.run(
        ["git", "merge-file", "-p", *options, "ours", "base", "theirs"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    (root / name).write_bytes(merged.stdout)
    return merged.returncode != 0
