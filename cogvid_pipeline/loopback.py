"""Serve an ASGI application to this machine, and to no other."""

import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from cogvid_pipeline.errors import CogvidError, UsageError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises UsageError unless the host is a loopback address, CogvidError."""
    address = ipaddress.ip_address("127.0.0.1") if host == "localhost" else _address(host)
    if address is None or not address.is_loopback:
        raise UsageError(
            f"only this machine is served, and {host!r} is not a loopback address",
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
    """Where a listening socket is reached, such as `http://127.0.0.1:8799`."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def served(server: uvicorn.Server, listening: socket.socket) -> Iterator[None]:
    """Have the server run in a thread of its own; what connects before it accepts waits in the queue."""
    thread = threading.Thread(target=server.run, args=([listening],), name="server")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


class Server(uvicorn.Server):
    """A server that ends in order at SIGINT and SIGTERM, without raising them once more."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        http: type[H11Protocol] = H11Protocol,
        lifespan: Literal["on", "off"] = "off",
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=http,
                ws="none",
                lifespan=lifespan,
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


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
