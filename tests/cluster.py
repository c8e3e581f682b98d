"""A real Dask cluster on loopback: a scheduler and its workers, each a process."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from distributed import Client

from tests.project import PATIENCE

# A worker's own environment: nothing of the one who sends it work.
_INHERITED = ("PATH", "LANG", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


class Cluster:
    """The processes; use it as a context manager. `env` is what workers have of their own."""

    def __init__(self, root: Path, *, workers: int = 2, env: Mapping[str, str] | None = None) -> None:
        self._root = root
        self._count = workers
        self._env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._env |= {"HOME": str(root), **(env or {})}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def __enter__(self) -> Self:
        self._root.mkdir(parents=True, exist_ok=True)
        told = self._root / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)]
        self.scheduler = self._start("scheduler", *options)
        self.address = str(json.loads(_content(told))["address"])
        for _ in range(self._count):
            self.add_worker()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def add_worker(self, **env: str) -> subprocess.Popen[bytes]:
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._root)]
        options += ["--name", str(len(self.workers))]
        worker = self._start("worker", self.address, *options, **env)
        self.workers.append(worker)
        return worker

    def wait_until_busy(self, number: int) -> None:
        """Wait until a worker has something to do."""
        with Client(self.address, set_as_default=False) as client:
            for _ in range(PATIENCE * 100):
                found = client.scheduler_info()["workers"]
                address = next((key for key, each in found.items() if each["name"] == number), "")
                if client.processing().get(address):
                    return
                time.sleep(0.01)
        raise AssertionError(f"worker {number} has never had anything to do")

    def said(self) -> str:
        """What all of its processes have written so far."""
        return "".join(path.read_text() for path in sorted(self._root.glob("*.log")))

    def _start(self, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        log = self._root / f"{arguments[0]}-{len(self.workers)}.log"
        with log.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                env={**self._env, **env},
                cwd=self._root,
                stdout=file,
                stderr=file,
            )


class Wire:
    """A way to a scheduler that keeps what is sent to it."""

    def __init__(self, address: str) -> None:
        host, _, port = address.removeprefix("tcp://").partition(":")
        self._to = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self.sent = b""

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._to)
                threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, kept: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if kept:
                    self.sent += data
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _content(path: Path) -> str:
    for _ in range(PATIENCE * 20):
        with suppress(FileNotFoundError):
            if (text := path.read_text()).rstrip().endswith("}"):
                return text
        time.sleep(0.05)
    raise AssertionError(f"{path.name} never came")
