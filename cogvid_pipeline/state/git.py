"""Run git to read a repository, and nothing that its configuration names."""

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from cogvid_pipeline.errors import StateError

_BLOCK = 1024 * 1024

# Settings that would start a program. Commands that know pagers, filters or signatures are not used.
_NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")

# What is said to git about other things than which repository to read; a hook, for one, says that too.
_PASSED_ON = ("GIT_CONFIG", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")

_ADVICE = "set that right, then run the command again; `git fsck` finds what is damaged"
_PARTIAL = "this is a partial clone: `git fetch --refetch --no-filter` brings what it lacks"


class Git:
    """The repository around a directory. Methods raise StateError when git is missing or fails."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, *arguments: str, at: Path | None = None, stdin: bytes = b"") -> bytes:
        """What the command prints, run in `at` or else in the directory."""
        command = self._command(at or self.directory, arguments)
        ran = subprocess.run(command, input=stdin, capture_output=True, env=_environment(), check=False)  # noqa: S603 -- no shell, and no option comes from a repository
        if ran.returncode:
            raise self._failed(ran.stderr)
        return ran.stdout

    def contents(self, objects: Iterable[str]) -> Iterator[Iterator[bytes]]:
        """The bytes of each object, in blocks; those of one are to be read before the next is asked for."""
        command = self._command(self.directory, ("cat-file", "--batch"))
        with subprocess.Popen(  # noqa: S603 -- as above
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            bufsize=_BLOCK,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            for name in objects:
                # One at a time: with more, both sides could wait for the other to read.
                with suppress(BrokenPipeError):
                    process.stdin.write(f"{name}\n".encode())
                    process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3:
                    raise self._failed(b" ".join(header) or process.stderr.read())
                blocks = _blocks(process.stdout, int(header[2]))
                yield blocks
                deque(blocks, maxlen=0)
                process.stdout.read(1)

    def _command(self, at: Path, arguments: Iterable[str]) -> list[str]:
        git = shutil.which("git")
        if git is None:
            raise StateError(
                f"git was not found, which is needed to read the repository around {self.directory}",
                hint="install git, or put it on the PATH",
            )
        return [git, "-C", str(at), *_NO_PROGRAMS, *arguments]

    def _failed(self, words: bytes) -> StateError:
        reason = " ".join(os.fsdecode(words).split())
        advice = _PARTIAL if "promisor" in reason else _ADVICE
        return StateError(f"git cannot read the repository around {self.directory}: {reason}", hint=advice)


def _environment() -> dict[str, str]:
    passed_on = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(_PASSED_ON)
    }
    # A partial clone would fetch what it lacks, by whatever program its remote names.
    offline = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    as_committed = {"GIT_NO_REPLACE_OBJECTS": "1"}
    return passed_on | offline | as_committed | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def _blocks(file: IO[bytes], size: int) -> Iterator[bytes]:
    while size:
        block = file.read(min(size, _BLOCK))
        if not block:
            raise StateError("git ended in the middle of a file", hint=_ADVICE)
        size -= len(block)
        yield block
