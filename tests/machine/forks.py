"""Run the command in forks of a process that has run it before: in 20 ms instead of 200.

    with Forks() as forks:
        running = forks.start(root, "apply", "--yes", env=env)
        ran = running.wait()

The command is the real one, from its command line to its exit code; only its pauses are a hundred times
shorter, and its previews a twentieth of their size. The process that forks is this module as a script:
it has one thread, which the tests' own process, where the vendor lives, has not.
"""

import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn, Self

from tests.project import PATIENCE, Ran

_ROOT = Path(__file__).parents[2]


# --- the side of the tests ----------------------------------------------------------------------------


@dataclass
class Running:
    """A command that has been started; `pid` is its own."""

    pid: int
    _line: socket.socket
    _said: IO[str]
    _out: Path
    _err: Path

    def wait(self) -> Ran:
        """Wait until it ends. A signal that killed it is its exit code, negative."""
        with self._line, self._said:
            code = int(self._said.readline())
        out, err = self._out.read_text(encoding="utf-8"), self._err.read_text(encoding="utf-8")
        self._out.unlink()
        self._err.unlink()
        assert "Traceback" not in err, err
        return Ran(code, out, err)


class Forks:
    """Starts commands; use it as a context manager. `mutant` is one of tests/machine/mutants.py."""

    def __init__(self, mutant: str = "") -> None:
        self._mutant = mutant
        self._count = 0

    def __enter__(self) -> Self:
        self._directory = tempfile.TemporaryDirectory()
        self._address = str(Path(self._directory.name, "forks"))
        # Forks leave at once when they end, and so never report what of the code they ran.
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.machine.forks", self._address, self._mutant],
            cwd=_ROOT,
            env={**env, "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # which closes its standard input, its sign to end
        self._directory.cleanup()

    def start(
        self,
        root: Path,
        *arguments: str,
        env: Mapping[str, str],
        before: Callable[[int], None] = lambda pid: None,
    ) -> Running:
        """Start `cogvid` in a directory. It does nothing until `before`, which gets its pid, has returned."""
        self._count += 1
        out, err = (Path(self._directory.name, f"{self._count}.{name}") for name in ("out", "err"))
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        line.connect(self._address)
        order = {
            "root": str(root),
            "arguments": ["cogvid", *arguments],
            "env": {**os.environ, **env},
            "out": str(out),
            "err": str(err),
        }
        line.sendall(json.dumps(order).encode() + b"\n")
        said = line.makefile(encoding="utf-8")
        pid = int(said.readline())
        before(pid)
        line.sendall(b"\n")
        return Running(pid, line, said, out, err)

    def run(self, root: Path, *arguments: str, env: Mapping[str, str]) -> Ran:
        """Run `cogvid` to its end."""
        return self.start(root, *arguments, env=env).wait()


# --- the process that forks ---------------------------------------------------------------------------


def _serve(address: str, mutant: str) -> None:
    _warm_up()
    if mutant:
        from tests.machine.mutants import MUTANTS

        MUTANTS[mutant]()
    running: dict[int, tuple[int, socket.socket]] = {}
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"ready\n")
        while 0 not in (awake := select.select([0, listener, *running], [], [])[0]):
            for ended in running.keys() & set(awake):
                _bury(ended, *running.pop(ended))
            if listener in awake:
                line, _ = listener.accept()
                pid = _fork(line)
                running[os.pidfd_open(pid)] = (pid, line)


def _warm_up() -> None:
    """Import everything, shorten what takes its time, and run the command once."""
    import asyncio
    from importlib import import_module

    import httpx

    from cogvid_pipeline.cli.main import COMMANDS, cli
    from cogvid_pipeline.engine.ports import Ports
    from cogvid_pipeline.providers.preview import Preview

    for module in (*(f"cli.{name}" for name in COMMANDS.values()), "cli.wiring", "media.probe"):
        import_module(f"cogvid_pipeline.{module}")
    _default(Ports, "sleep", lambda seconds, sleep=asyncio.sleep: sleep(seconds / 100))
    _default(Preview, "scale", 0.05)
    certificates = httpx.create_ssl_context()
    httpx.create_ssl_context = lambda: certificates
    with tempfile.TemporaryDirectory() as directory, redirect_stdout(io.StringIO()):
        for arguments in (["init", directory], ["plan", "--file", directory]):
            cli.main(arguments, standalone_mode=False)


def _default(cls: type, parameter: str, value: object) -> None:
    defaults = vars(cls)["__init__"].__kwdefaults__
    assert parameter in defaults
    defaults[parameter] = value


def _fork(line: socket.socket) -> int:
    """Start what is asked for on this line; it waits there for a word before it begins."""
    order = json.loads(_one_line(line))
    if pid := os.fork():
        line.sendall(f"{pid}\n".encode())
        return pid
    _one_line(line)
    return _become(order)


def _one_line(line: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"\n"):
        received += line.recv(65536)
    return received


def _bury(ended: int, pid: int, line: socket.socket) -> None:
    """Tell how a command has ended."""
    os.close(ended)
    _, status = os.waitpid(pid, 0)
    with line, suppress(ConnectionError):  # nobody may want to know any more
        line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(order: Mapping[str, Any]) -> NoReturn:
    """Be the command; never returns."""
    from cogvid_pipeline.cli.main import main

    code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number, path, mode in (
            (0, os.devnull, os.O_RDONLY),
            (1, order["out"], os.O_WRONLY | os.O_CREAT),
            (2, order["err"], os.O_WRONLY | os.O_CREAT),
        ):
            os.dup2(os.open(path, mode, 0o600), number)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["root"])
        sys.argv[:] = order["arguments"]
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(*sys.argv[1:])
