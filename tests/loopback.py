"""HTTP/1.1 on 127.0.0.1 in a thread of its own, on raw streams, so that it can misbehave."""

import asyncio
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from cogvid_pipeline.emulator.errors import phrase

# How the connection goes on after an answer.
After: TypeAlias = Literal["keep", "close", "hang"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived; header names are in lower case. `connection` counts from 1."""

    connection: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes = field(repr=False)

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: the whole of it, or only the first `limit` bytes of the body (0: not even a status).

    Then the connection is kept, closed, or left hanging until the client goes away.
    """

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    chunked: bool = False
    limit: int | None = None
    then: After = "keep"
    delay: float = 0  # seconds before it


class Loopback:
    """A server that answers each request with what a function makes of it.

    The function runs in the server's thread; `changed` is held meanwhile, and notified afterwards.
    """

    def __init__(self, answer: Callable[[Seen], Answer]) -> None:
        self.port = 0
        self.changed = threading.Condition()
        self._answer = answer
        self._connections: Iterator[int] = itertools.count(1)
        self._handlers: set[asyncio.Task[Any]] = set()
        self._bugs: list[Exception] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="loopback")
        self._started = threading.Event()

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(30), "the server did not start"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        if self._bugs:
            raise ExceptionGroup("the server has bugs", self._bugs)

    def settle(self, *, seconds: float = 60.0) -> None:
        """Wait until everything is answered that clients have sent before they went away."""
        # Connections are taken up in the order in which they came: when this one has ended, so has the wait
        # of all before it.
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.shutdown(socket.SHUT_WR)
            assert last.recv(1) == b""
        with self.changed:
            assert self.changed.wait_for(lambda: not self._handlers, seconds), "a client stays connected"

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        for handler in tuple(self._handlers):
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handler = asyncio.current_task()
        self._handlers.add(handler)
        connection = next(self._connections)
        try:
            while (seen := await _receive(reader, connection)) is not None:
                with self.changed:
                    out = self._answer(seen)
                    self.changed.notify_all()
                if not await _send(out, reader, writer):
                    break
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        except Exception as bug:
            self._bugs.append(bug)
            writer.transport.abort()
        finally:
            with self.changed:
                self._handlers.discard(handler)
                self.changed.notify_all()


async def _receive(reader: asyncio.StreamReader, connection: int) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("ascii").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert "transfer-encoding" not in headers, "requests come with a length"
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    path, _, query = target.partition("?")
    return Seen(connection, method, path, query, headers, raw)


async def _send(out: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send an answer; False when the connection is over."""
    await asyncio.sleep(out.delay)
    head = _head(out.status, out.headers, None if out.chunked else len(out.body))
    if out.limit is not None:
        writer.write(head + out.body[: out.limit] if out.limit else b"")
    else:
        writer.write(head + (b"".join(_chunks(out.body)) if out.chunked else out.body))
    await writer.drain()
    if out.then == "hang":
        await reader.read(1)
    return out.then == "keep"


def _head(status: int, headers: Mapping[str, str], length: int | None) -> bytes:
    framing = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
    lines = (f"{name}: {value}" for name, value in {**framing, **headers}.items())
    return "\r\n".join([f"HTTP/1.1 {status} {phrase(status)}", *lines, "", ""]).encode()


def _chunks(body: bytes) -> Iterator[bytes]:
    """Pieces that respect no boundary of the text."""
    size = max(7, len(body) // 64)
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
