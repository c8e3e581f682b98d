"""Serve a folder with the storyboard page, and tell the page what is new."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cogvid_pipeline.watch.news import Board, News

_SCRIPT = Path(__file__).with_name("assets") / "live.js"
_EMPTY = (
    '<!doctype html><meta charset="utf-8"><title>cogvid preview</title><script src="live.js" defer></script>'
)
_SECONDS_BETWEEN_LOOKS = 0.1

# A page that is open elsewhere in the browser gets none of this to show, and no page of ours asks others.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def make_app(folder: Path, board: Board, *, port: int) -> Starlette:
    """An application to be served on that port of the loopback address."""

    async def page(_: Request) -> Response:
        document, newest = folder / "index.html", board.newest
        if not newest.page:
            return HTMLResponse(_EMPTY)
        # The script learns which page it is in, so that none misses a newer one.
        script = f'src="live.js?{newest.page}"'
        return HTMLResponse(document.read_text(encoding="utf-8").replace('src="live.js"', script))

    async def news(request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return StreamingResponse(_follow(board), media_type="text/event-stream")

    async def no_icon(_: Request) -> Response:
        return Response(status_code=204)

    async def script(_: Request) -> Response:
        return FileResponse(_SCRIPT, media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/news", news),
            Route("/live.js", script),
            Route("/favicon.ico", no_icon),  # browsers ask for it and log that it is missing
            Mount("/", StaticFiles(directory=folder)),
        ],
        middleware=[Middleware(_Guard, hosts=frozenset({f"127.0.0.1:{port}", f"localhost:{port}"}))],
    )


async def _follow(board: Board) -> AsyncIterator[str]:
    told: News | None = None
    while True:
        if board.newest != told:
            told = board.newest
            yield f"data: {json.dumps(asdict(told))}\n\n"
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


class _Guard:
    """Lets in who asks for this very host; a name of others that leads here does not do."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        known = Headers(scope=scope).get("host") in self._hosts
        app = self._app if known else PlainTextResponse("this host is not served here\n", 421)
        await app(scope, receive, guarded)
