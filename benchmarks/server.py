"""A fast stand-in for GeekAI that accepts everything; each task takes half a second.

Run as `server.py CLIP`; it prints its port. `GET /counts` tells how many requests of each kind it got.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import ClassVar

SECONDS = 0.5


class Server(asyncio.Protocol):
    clip: ClassVar[bytes] = Path(sys.argv[1]).read_bytes()
    ready: ClassVar[dict[str, float]] = {}
    counts: ClassVar[dict[str, int]] = {"submits": 0, "polls": 0, "downloads": 0}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = 0
            if (at := head.find(b"content-length:")) >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self.buffer) < end + 4 + length:
                return
            line = self.buffer[: self.buffer.find(b"\r\n")].decode()
            self.buffer = self.buffer[end + 4 + length :]
            self.answer(*line.split(" ")[:2])

    def answer(self, method: str, path: str) -> None:
        kind = "application/json"
        if method == "POST":
            body = json.dumps(self.submit()).encode()
        elif path.startswith("/videos/"):
            body = json.dumps(self.poll(path.rpartition("/")[2])).encode()
        elif path == "/counts":
            body = json.dumps(self.counts).encode()
        else:
            self.counts["downloads"] += 1
            body, kind = self.clip, "video/mp4"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.transport.write(head.encode() + body)  # type: ignore[attr-defined]

    def submit(self) -> dict[str, object]:
        self.counts["submits"] += 1
        task = f"task-{self.counts['submits']:06}"
        self.ready[task] = time.monotonic() + SECONDS
        return {"model": "cogvideox-3", "task_id": task, "task_status": "pending"}

    def poll(self, task: str) -> dict[str, object]:
        self.counts["polls"] += 1
        if time.monotonic() < self.ready[task]:
            return {"task_id": task, "task_status": "running"}
        host, port = self.transport.get_extra_info("sockname")[:2]
        url = f"http://{host}:{port}/clips/{task}.mp4"
        return {"task_id": task, "task_status": "succeed", "video_result": [{"url": url}]}


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
