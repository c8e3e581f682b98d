"""Serve an emulator on a loopback address until it is told to stop."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from cogvid_pipeline.emulator.app import make_app
from cogvid_pipeline.emulator.misbehave import HANG_UP
from cogvid_pipeline.emulator.service import Counts
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.loopback import Server, listen, origin, served


def serve(settings: Settings, *, host: str, port: int, ready: Callable[[str], None]) -> Counts:
    """Serve until SIGINT or SIGTERM; `ready` is told where, such as `http://127.0.0.1:8799`.

    Port 0 takes a free one. Raises UsageError unless the host is a loopback address, CogvidError when the
    port or a directory for clips cannot be had.
    """
    counts = Counts()
    with listen(host, port) as listening, _directory() as directory:
        server = _server(settings, directory, counts)
        with server.capture_signals():  # one that comes as soon as it is said where is heeded, too
            ready(origin(listening))
            server.run([listening])
    return counts


@contextmanager
def running(settings: Settings, counts: Counts | None = None) -> Iterator[str]:
    """An emulator in a thread of its own; gives the address that it is reached at."""
    with (
        listen("127.0.0.1", 0) as listening,
        _directory() as directory,
        served(_server(settings, directory, counts), listening),
    ):
        yield origin(listening)


def _server(settings: Settings, directory: Path, counts: Counts | None) -> Server:
    return Server(make_app(settings, directory, counts), http=_Connection, lifespan="on")


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory for clips, gone at the end."""
    try:
        temporary = TemporaryDirectory(prefix="cogvid-emulator-")
    except OSError as error:
        raise CogvidError(
            f"cannot make a directory for clips: {error.strerror}",
            hint="set TMPDIR to where there is room",
        ) from error
    with temporary as path:
        yield Path(path)


class _Connection(H11Protocol):
    """A connection that applications can close, by an extension in the scope of each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            extensions: dict[str, Any] = scope.get("extensions") or {}
            await app({**scope, "extensions": {**extensions, HANG_UP: transport.close}}, receive, send)

        self.app = with_hang_up
