"""The vendors' APIs as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cogvid_pipeline.emulator.errors import usual_error
from cogvid_pipeline.emulator.misbehave import HalfOf, NoAnswer
from cogvid_pipeline.emulator.service import Counts, Lost, Reply, Service
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.emulator.tasks import audit
from cogvid_pipeline.emulator.vendors import APIS, GEEKAI, Api, base_path
from cogvid_pipeline.providers.http import EMULATOR_MARK

# Two images of 5 MB in Base64, and room for everything else.
LARGEST_BODY = 16 * 1024 * 1024


def make_app(settings: Settings, directory: Path, counts: Counts | None = None) -> Starlette:
    """An emulator, to be served by `emulator.serve`; clips go into the directory.

    It keeps `counts` up to date.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.service = Service(settings, counts or Counts(), directory)
        yield
        await app.state.service.close()

    app = Starlette(
        routes=[
            *(route for api in APIS.values() for route in _routes(api)),
            Route("/clips/{task_id}.mp4", _clip),
            Route("/covers/{task_id}.jpg", _cover),
            Route("/emulator/tasks", _audit),
        ],
        middleware=[Middleware(_Mark)] if settings.marked else [],
        exception_handlers={HTTPException: _no_such_call},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


class _Mark:
    """Says with each answer that it is an emulator's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[EMULATOR_MARK] = "1"
            await send(message)

        await self._app(scope, receive, marked)


# --- the APIs -----------------------------------------------------------------------------------------


def _routes(api: Api) -> list[Route]:
    async def submit(request: Request) -> Response:
        try:
            raw = await _body(request)
            if raw is None:
                return JSONResponse(usual_error(api, 413), 413)
            return _json(_service(request).submit(api, request.headers, raw))
        except Lost:
            return NoAnswer()
        except ClientDisconnect:
            return Response()  # that nobody hears

    async def result(request: Request) -> Response:
        origin = f"{request.url.scheme}://{request.url.netloc}"
        return _json(_service(request).result(api, request.headers, request.path_params["task_id"], origin))

    base = base_path(api)
    results = [f"{base}{api.results}{{task_id}}"]
    if api is GEEKAI:
        results.append(f"{base}/video/{{task_id}}/result")  # as an older page of its documentation has it
    return [
        Route(f"{base}/videos/generations", submit, methods=["POST"]),
        *(Route(path, result) for path in results),
    ]


async def _body(request: Request) -> bytes | None:
    """The body, None when it is larger than any submission."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return bytes(body)


def _json(reply: Reply) -> Response:
    return JSONResponse(reply.body, reply.status, dict(reply.headers))


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _no_such_call(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    api = APIS.get(request.url.path.split("/")[1], GEEKAI)
    return JSONResponse(usual_error(api, error.status_code), error.status_code, error.headers)


async def _audit(request: Request) -> Response:
    return JSONResponse(audit(_service(request).tasks))


# --- the clips' host ----------------------------------------------------------------------------------


async def _clip(request: Request) -> Response:
    service = _service(request)
    if "authorization" in request.headers:
        return Response("<Error><Code>InvalidArgument</Code></Error>", 400, media_type="application/xml")
    task = service.at_address(request.path_params["task_id"], request.query_params)
    if task is None or task.clip is None or service.expires(task):
        return _gone()
    response = FileResponse(task.clip, media_type="video/mp4")
    return HalfOf(response) if service.breaks_off(task) else response


async def _cover(request: Request) -> Response:
    service = _service(request)
    task = service.at_address(request.path_params["task_id"], request.query_params)
    if task is None or task.clip is None:
        return _gone()
    picture, media_type = await service.clips.cover(task.clip)
    return Response(picture, media_type=media_type)


def _gone() -> Response:
    return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
