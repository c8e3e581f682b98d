"""A real S3 server on loopback, rclone's, behind a wire that can be cut in the middle of an upload."""

import re
import socket
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Self

_KEY, _SECRET = "a-key-for-tests", "a-secret-for-tests"
BUCKET = "our-clips"


class S3:
    """The server, whose buckets are directories below `root`; use it as a context manager.

    `name` is that of the place on it which is used. It is reached by a port that stays the same when it was
    dead, and `calls` counts the connections to it.
    """

    def __init__(self, root: Path) -> None:
        self.name = "night"
        self.calls = 0
        self.bucket = root / BUCKET
        self.bucket.mkdir(parents=True)
        self._root = root
        self._server: subprocess.Popen[str] | None = None
        self._behind = 0
        self._left: int | None = None
        self._stalls_at = b""
        self._stalled = threading.Event()
        self._flows = threading.Event()
        self._flows.set()
        self._listener: socket.socket | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that make the command use this server, and one place on it."""
        return {
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "COGVID_REMOTE": f"s3://{BUCKET}/{self.name}",
        }

    @property
    def place(self) -> Path:
        """Where the objects of that place lie as files."""
        return self.bucket / self.name

    def start(self) -> None:
        binary = files("rclone_api").joinpath("bin/rclone")
        options = ["--config", "/dev/null", "--auth-key", f"{_KEY},{_SECRET}", "--addr", "127.0.0.1:0"]
        self._server = subprocess.Popen(
            [str(binary), "serve", "s3", *options, str(self._root)], stderr=subprocess.PIPE, text=True
        )
        assert self._server.stderr
        said = self._server.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        assert found, said
        self._behind = int(found[1])
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def kill(self) -> None:
        if self._listener:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for the next connection
            self._listener.close()
            self._listener = None
        if self._server:
            self._server.kill()
            self._server.communicate()
            self._server = None

    def die_after(self, count: int) -> None:
        """Be killed once so many more bytes have been sent to it."""
        self._left = count

    def stall_at(self, text: bytes) -> threading.Event:
        """Let nothing through, until `flow`, from when a request has this in it; the event tells when."""
        self._stalls_at = text
        self._stalled.clear()
        return self._stalled

    def flow(self) -> None:
        self._flows.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.calls += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._behind))
            except OSError:
                client.close()
                continue
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, target, client), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if self._stalls_at and self._stalls_at in data:
                    self._stalls_at = b""
                    self._flows.clear()
                    self._stalled.set()
                self._flows.wait()
                if source is client and self._left is not None:
                    data = data[: self._left]
                    self._left -= len(data)
                target.sendall(data)
                if self._left == 0:
                    self._left = None
                    self.kill()
                    break
        except OSError:
            pass
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it in another thread
            each.close()
