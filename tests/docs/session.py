"""A reader at a shell, who does what a page says, in the order in which it says so."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer
from typing import Self

from tests.docs.markdown import Block, Step, blocks, steps

PATIENCE = 300  # seconds after which a page counts as hanging
END = "<end of the output>"

# What differs between two runs of the same commands.
VARIES = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "TIME"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID"),
    (r"\b[0-9a-f]{40,64}\b", "DIGEST"),
    (r"\b\d+(\.\d+)? ([kMG]?B|s|seconds?)\b", "MEASURE"),
    (r"\b\d\d:\d\d:\d\d\b", "TIME"),
    (r"127\.0\.0\.1:\d+", "HOST"),
)


class Session:
    """A shell in a directory of its own, with `cogvid` on its path."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._commands = directory.with_suffix(".sh")

    def __enter__(self) -> Self:
        self._directory.mkdir()
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_AUTHOR_NAME": "Reader",
            "GIT_AUTHOR_EMAIL": "reader@example.com",
            "GIT_COMMITTER_NAME": "Reader",
            "GIT_COMMITTER_EMAIL": "reader@example.com",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "init.defaultBranch",
            "GIT_CONFIG_VALUE_0": "main",
        }
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        assert self._shell.stdin
        assert self._shell.stdout
        self._in, self._out = self._shell.stdin, self._shell.stdout
        self._watchdog = Timer(PATIENCE, self._end)
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._end()
        self._shell.communicate()

    def read(self, page: str) -> str:
        """Do what a page says, and give its text with what really came of it."""
        real, done = "", 0
        for block in blocks(page):
            real += page[done : block.start] + self.follow(block)
            done = block.start + len(block.text)
        return real + page[done:]

    def follow(self, block: Block) -> str:
        """Do what a block says, and give its text with what really came of it."""
        match block.language:
            case "console":
                return "".join(f"$ {step.command}\n{self._output(step)}" for step in steps(block.text))
            case "diff":
                self._edit(self.file(block.title), block.text)
            case _ if block.title:
                self.file(block.title).parent.mkdir(parents=True, exist_ok=True)
                self.file(block.title).write_text(block.text, encoding="utf-8")
        return block.text

    def file(self, name: str) -> Path:
        """A file, named from where the shell is."""
        return Path(self.run("pwd").removesuffix("\n")) / name

    def run(self, command: str) -> str:
        """What a command prints, on either stream."""
        self._commands.write_text(command + "\n", encoding="utf-8")
        self._in.write(f'source "{self._commands}" < /dev/null; echo "{END}"\n')
        self._in.flush()
        output = ""
        while not output.endswith(END + "\n"):
            line = self._out.readline()
            assert line, f"the shell has ended, or was ended because it hung; it printed:\n{output}"
            output += line
        return output.removesuffix(END + "\n")

    def _output(self, step: Step) -> str:
        real = self.run(step.command)
        return step.output if alike(step.output, real) else real

    def _edit(self, file: Path, diff: str) -> None:
        """Change a file as a diff without line numbers says; @@ stands between places."""
        for place in diff.split("@@\n"):
            lines = place.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if line[0] != "+")
            after = "".join(line[1:] for line in lines if line[0] != "-")
            text = file.read_text(encoding="utf-8")
            assert text.count(before) == 1, f"{file.name} has this not just once:\n{before}"
            file.write_text(text.replace(before, after), encoding="utf-8")

    def _end(self) -> None:
        """End the shell and what it has left running."""
        os.killpg(self._shell.pid, signal.SIGKILL)


def write_if_asked(page: Path, part: str, real: str) -> None:
    """With COGVID_WRITE_EXPECTED=1, write what really came into a page."""
    if os.environ.get("COGVID_WRITE_EXPECTED"):
        page.write_text(page.read_text(encoding="utf-8").replace(part, real), encoding="utf-8")


def alike(page: str, real: str) -> bool:
    """Whether a page says what was printed; … stands for anything, on a line of its own for any lines."""
    pattern = re.escape(normal(page))
    pattern = pattern.replace(re.escape("…\n"), "(?:.*\n)*").replace("…", ".*")
    return re.fullmatch(pattern, normal(real)) is not None


def normal(text: str) -> str:
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text)
    return text
