"""Exchange JSON with a vendor over HTTP, and say what happened instead of raising."""

import asyncio
import hmac
import json
import ssl
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx

from cogvid_pipeline.effects import reached
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.providers.verdict import Answer, Happened, Lost, NeverLeft, retry_after

# Tasks in flight are not connections: httpx's pool is quadratic in open ones.
CONNECTIONS = 8
LARGEST_ANSWER = 4 * 1024 * 1024
LONGEST_WORDS = 500
EMULATOR_MARK = "X-Cogvid-Emulator"

# What httpx raises before the first byte of a request is on its way to the vendor.
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for a connection, for the next bytes, for a body to be sent, for a whole exchange.

    A vendor may keep a connection alive with empty lines for five minutes before it answers.
    """

    connect: float = 10
    read: float = 60
    write: float = 300
    exchange: float = 600


@dataclass(frozen=True, slots=True)
class Lane:
    """A client, and the gate that keeps its users from queueing inside httpx's pool."""

    client: httpx.AsyncClient
    gate: asyncio.Semaphore


class _TooLate(Exception):
    """A submission that is not sent after all."""


class Web:
    """Connections for one run. Use it as an async context manager; it closes them at the end.

    Submissions go out on a fresh connection each (a stale keep-alive would look like a lost answer) and
    none but downloads follow redirects. Proxies in the environment are used, .netrc is not.
    """

    def __init__(
        self, patience: Patience = Patience(), *, may_submit: Callable[[], bool] = lambda: True
    ) -> None:
        """`may_submit` is asked directly before the first byte of a submission is written."""
        self._patience = patience
        self._may_submit = may_submit
        try:
            context = httpx.create_ssl_context()
            self._submissions = self._lane(context, keep_alive=0)
            self._polls = self._lane(context, keep_alive=CONNECTIONS)
            # Apart from the polls, which must not wait until a long clip is there.
            self.downloads = self._lane(context, keep_alive=CONNECTIONS)
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise UsageError(
                f"cannot set up HTTPS: {fit_to_show(error)}",
                hint="look at the proxy and SSL_CERT_FILE settings in the environment",
            ) from error

    def _lane(self, context: ssl.SSLContext, *, keep_alive: int) -> Lane:
        patience = self._patience
        client = httpx.AsyncClient(
            verify=context,
            timeout=httpx.Timeout(patience.read, connect=patience.connect, write=patience.write, pool=None),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=keep_alive),
            follow_redirects=False,
            max_redirects=5,
            event_hooks={"request": [_refuse_other_schemes]},
        )
        return Lane(client, asyncio.Semaphore(CONNECTIONS))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with AsyncExitStack() as closing:
            for lane in (self._submissions, self._polls, self.downloads):
                closing.push_async_callback(lane.client.aclose)

    async def post(self, url: str, document: Mapping[str, Any], *, key: str) -> Happened:
        """Send a JSON document, once."""
        reached("posting", url)
        happened = await self._exchange(self._submissions, "POST", url, key, encode(document))
        reached("answered", url)
        return happened

    async def get(self, url: str, *, key: str) -> Happened:
        """Ask for a JSON document, once."""
        return await self._exchange(self._polls, "GET", url, key)

    async def _look_once_more(self, step: str, _: Mapping[str, Any]) -> None:
        # The connection may have taken its time, and the process may have been stopped meanwhile.
        if step.endswith("send_request_headers.started") and not self._may_submit():
            raise _TooLate

    async def _exchange(
        self, lane: Lane, method: str, url: str, key: str, content: bytes | None = None
    ) -> Happened:
        extensions = {} if content is None else {"trace": self._look_once_more}
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        async with lane.gate:
            try:
                async with (
                    asyncio.timeout(self._patience.exchange),
                    lane.client.stream(
                        method, url, content=content, headers=headers, extensions=extensions
                    ) as response,
                ):
                    return _read(response, await _body(response), key)
            except _TooLate:
                return NeverLeft("this run was paused, or cut off from the ledger, before it was sent")
            except _NEVER_LEFT as error:
                return NeverLeft(f"the vendor cannot be reached: {describe(error, secret=key)}")
            # Whatever else went wrong, the request may have arrived: the caller must hear of it as that.
            except Exception as error:
                return Lost(f"no answer came back: {describe(error, secret=key)}")


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of a JSON document on the wire: the same for the same document, always."""
    return json.dumps(document).encode()


def check_base_url(text: str, *, name: str) -> str:
    """An API's address, without a slash at its end. Raises UsageError unless a key may be sent there.

    `name` is what the user calls it, such as the environment variable that it came from.
    """
    hint = f"set {name} to something like https://api.example.com/v1"
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise UsageError(f"{name} is not a URL: {fit_to_show(error)}", hint=hint) from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"{name} is not an http or https URL: {fit_to_show(text)}", hint=hint)
    # It is written into the lock, where nothing secret may be, and paths are added to it.
    if url.userinfo or url.query or url.fragment:
        raise UsageError(f"{name} must be a plain URL, without a user name, `?` or `#`", hint=hint)
    return text.rstrip("/")


def check_key(text: str, *, name: str) -> str:
    """A key as it goes into a header, its ends stripped. Raises UsageError, which does not show it."""
    key = text.strip()
    if not key:
        raise UsageError(f"{name} is not set", hint=f"put your API key into the environment as {name}")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"{name} has characters that no API key has", hint="copy the key again")
    return key


def account_of(base_url: str, key: str) -> str:
    """Tells an account at a vendor from any other; neither can be read from it."""
    return hmac.digest(key.encode(), base_url.encode(), "sha256").hex()


def fit_to_show(text: object, *, secret: str = "") -> str:
    """Somebody else's words: in one line, without control characters and the secret, of bounded length."""
    words = str(text)
    if secret:
        words = words.replace(secret, "***")
    kept = (" " if character.isspace() else character for character in words[: 8 * LONGEST_WORDS])
    line = " ".join("".join(c for c in kept if unicodedata.category(c)[0] != "C").split())
    return line if len(line) <= LONGEST_WORDS else f"{line[: LONGEST_WORDS - 1]}…"


def is_plain(text: str) -> bool:
    """Whether a vendor's text can be part of a request: no spaces, control characters or surrogates."""
    return text.isprintable() and " " not in text


def describe(error: Exception, *, secret: str = "") -> str:
    """An error in words; httpx leaves the text of many of its own empty."""
    kind = type(error).__name__
    words = fit_to_show(error, secret=secret)
    return f"{kind}: {words}" if words else kind


async def _refuse_other_schemes(request: httpx.Request) -> None:
    if request.url.scheme not in ("http", "https"):
        raise httpx.UnsupportedProtocol(f"{request.url.scheme}: is not http or https")


async def _body(response: httpx.Response) -> bytes | None:
    """The body, or None when it is too large to be an answer."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            return None
    return bytes(body)


def _read(response: httpx.Response, raw: bytes | None, key: str) -> Answer:
    body = _json_object(raw or b"")
    error = (body or {}).get("error")
    words = error if isinstance(error, Mapping) else {}
    return Answer(
        status=response.status_code,
        body=body,
        code=_text(words.get("code"), key),
        message=_text(words.get("message"), key),
        retry_after=retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC)),
        emulated=response.headers.get(EMULATOR_MARK) == "1",
    )


def _json_object(raw: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _text(value: object, key: str) -> str:
    """A code or a message: vendors write them as strings or as numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return fit_to_show(value, secret=key)
