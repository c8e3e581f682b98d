"""Close connections where an answer, or the rest of one, should be."""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

# The ASGI extension with which a server lets an application do so; that of `emulator.serve` does.
HANG_UP = "cogvid.hang_up"


class NoAnswer(Response):
    """Not even a status."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _hang_up(scope, receive)


class HalfOf(Response):
    """Another response, which breaks off in the middle of its body."""

    def __init__(self, whole: Response) -> None:
        super().__init__()
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        left = 0

        async def send_half(message: Message) -> None:
            nonlocal left
            if message["type"] == "http.response.start":
                left = int(Headers(raw=message["headers"]).get("content-length", 0)) // 2
                await send(message)
            elif len(message["body"]) < left:
                left -= len(message["body"])
                await send(message)
            else:
                await send({**message, "body": message["body"][:left], "more_body": True})
                await _hang_up(scope, receive)

        await self._whole(scope, receive, send_half)


async def _hang_up(scope: Scope, receive: Receive) -> None:
    scope["extensions"][HANG_UP]()
    # Until the server has noticed, it would take the missing answer for a bug.
    while (await receive())["type"] != "http.disconnect":
        pass
