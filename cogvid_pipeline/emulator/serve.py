"""Serve an emulator on a loopback address until it is told to stop."""

import asyncio
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from cogvid_pipeline.emulator.app import make_app
from cogvid_pipeline.emulator.misbehave import HANG_UP
from cogvid_pipeline.emulator.service import Counts
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.errors import CogvidError, UsageError


def serve(settings: Settings, *, host: str, port: int, ready: Callable[[str], None]) -> Counts:
    """Serve until SIGINT or SIGTERM; `ready` is told where, such as `http://127.0.0.1:8799`.

    Port 0 takes a free one. Raises UsageError unless the host is a loopback address, CogvidError when the
    port or a directory for clips cannot be had.
    """
    counts = Counts()
    with listen(host, port) as listening, _directory() as directory:
        server = _Server(make_app(settings, directory, counts))
        ready(origin(listening))
        server.run([listening])
    return counts


@contextmanager
def running(settings: Settings, counts: Counts | None = None) -> Iterator[str]:
    """An emulator in a thread of its own; gives the address that it is reached at."""
    with listen("127.0.0.1", 0) as listening, _directory() as directory:
        server = _Server(make_app(settings, directory, counts))
        thread = threading.Thread(target=server.run, args=([listening],), name="emulator")
        thread.start()
        try:
            # What connects before the server accepts waits in the socket's queue.
            yield origin(listening)
        finally:
            server.should_exit = True
            thread.join()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError unless the host is a loopback address, CogvidError."""
    address = ipaddress.ip_address("127.0.0.1") if host == "localhost" else _address(host)
    if address is None or not address.is_loopback:
        raise UsageError(
            f"the emulator serves this machine only, and {host!r} is not a loopback address",
            hint="leave --host out, or use 127.0.0.1 or ::1",
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        listening = socket.create_server((str(address), port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CogvidError(
            f"cannot listen on {host} port {port}: {reason}",
            hint="use another --port; 0 takes a free one",
        ) from error
    # An answer goes out in two pieces, the second of which would wait for the client to confirm the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def origin(listening: socket.socket) -> str:
    """Where a listening socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class _Server(uvicorn.Server):
    """A server that ends in order, without raising its signals once more."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A client that reads no further must not keep the server alive.
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


class _Connection(H11Protocol):
    """A connection that applications can close, by an extension in the scope of each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_hang_up(scope: Scope, receive: Receive, send: Send) -> None:
            extensions: dict[str, Any] = scope.get("extensions") or {}
            await app({**scope, "extensions": {**extensions, HANG_UP: transport.close}}, receive, send)

        self.app = with_hang_up
