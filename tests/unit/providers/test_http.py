import asyncio
import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.providers.http import (
    CONNECTIONS,
    LARGEST_ANSWER,
    Patience,
    Web,
    check_base_url,
    check_key,
    fit_to_show,
)
from cogvid_pipeline.providers.verdict import Answer, Lost, NeverLeft
from tests.loopback import Answer as Sent
from tests.loopback import Loopback

KEY = "sk-secret-key"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def serve():
    """Start servers that answer every request with what the function makes of it; gives their address."""
    servers = []

    def start(answer):
        server = Loopback(answer)
        server.start()
        servers.append(server)
        return f"http://127.0.0.1:{server.port}"

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def answering(serve):
    """The same, for one fixed answer."""

    def start(status=200, body=b"{}", headers=JSON, **how):
        return serve(lambda _: Sent(status, body, headers, **how))

    return start


def get(url, **patience):
    async def run():
        async with Web(Patience(**patience)) as web:
            return await web.get(url, key=KEY)

    return asyncio.run(run())


def post(url, document=None, **patience):
    async def run():
        async with Web(Patience(**patience)) as web:
            return await web.post(url, document or {}, key=KEY)

    return asyncio.run(run())


# --- what is sent ---


def test_a_document_is_posted_as_json_with_the_key(serve):
    seen = []
    url = serve(lambda request: seen.append(request) or Sent(200, b"{}", JSON))

    post(f"{url}/path", {"prompt": "一只狐狸", "n": 1})

    (request,) = seen
    assert (request.method, request.path) == ("POST", "/path")
    assert request.body == {"prompt": "一只狐狸", "n": 1}
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"


def test_each_post_goes_out_on_a_fresh_connection_and_gets_share_one(serve):
    seen = []
    url = serve(lambda request: seen.append(request) or Sent(200, b"{}", JSON))

    async def run():
        async with Web() as web:
            for _ in range(3):
                await web.post(url, {}, key=KEY)
            for _ in range(3):
                await web.get(url, key=KEY)

    asyncio.run(run())

    assert [request.connection for request in seen] == [1, 2, 3, 4, 4, 4]


def test_what_may_no_longer_be_sent_once_the_connection_is_there_never_leaves(serve):
    seen, asked = [], []
    url = serve(lambda request: seen.append(request.method) or Sent(200, b"{}", JSON))

    async def run():
        async with Web(may_submit=lambda: asked.append(len(seen))) as web:
            return await web.post(url, {}, key=KEY), await web.get(url, key=KEY)

    sent, polled = asyncio.run(run())

    assert sent == NeverLeft("this run was paused, or cut off from the ledger, before it was sent")
    assert isinstance(polled, Answer)
    assert seen == ["GET"]
    assert asked == [0]


def test_a_thousand_requests_at_once_keep_to_a_few_connections_and_all_are_answered(serve):
    seen = []
    url = serve(lambda request: seen.append(request) or Sent(200, b"{}", JSON))

    async def run():
        async with Web() as web:
            return await asyncio.gather(*(web.get(url, key=KEY) for _ in range(1000)))

    answers = asyncio.run(run())

    assert all(isinstance(answer, Answer) for answer in answers)
    # A machine that is busy lets some of them idle for so long that they are replaced.
    assert len({request.connection for request in seen}) <= 4 * CONNECTIONS


def test_the_key_does_not_follow_a_redirect(serve, answering):
    seen = []
    elsewhere = serve(lambda request: seen.append(request) or Sent(200, b"{}", JSON))
    url = answering(307, b"", {"Location": elsewhere})

    assert post(url) == Answer(307)
    assert get(url) == Answer(307)
    assert not seen


def test_a_netrc_file_never_takes_the_place_of_the_key(serve, monkeypatch, tmp_path):
    seen = []
    url = serve(lambda request: seen.append(request) or Sent(200, b"{}", JSON))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    post(url)

    assert seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_proxy_in_the_environment_is_used(serve, monkeypatch):
    seen = []
    proxy = serve(lambda request: seen.append(request) or Sent(200, b"{}", JSON))
    monkeypatch.setenv("HTTP_PROXY", proxy)

    post("http://vendor.example.com/v1")

    assert seen[0].path == "http://vendor.example.com/v1"


# --- what comes back ---


def test_an_answer_has_the_vendors_words_and_wishes(answering):
    body = {"error": {"code": 1302, "message": "too many"}}
    url = answering(429, json.dumps(body).encode(), {"Retry-After": "0.5", "X-Cogvid-Emulator": "1"})

    assert get(url) == Answer(429, body, "1302", "too many", 0.5, emulated=True)
    assert post(url) == Answer(429, body, "1302", "too many", 0.5, emulated=True)


@pytest.mark.parametrize("chunked", [False, True])
def test_blank_lines_before_the_json_are_no_harm(answering, chunked):
    url = answering(body=b'\r\n\n\r\n {"task_id": "t"}\n', chunked=chunked)

    assert post(url) == Answer(200, {"task_id": "t"})


@pytest.mark.parametrize("body", [b'{"a": 1, "a": 2}', b'\xef\xbb\xbf{"a": 2}'])
def test_json_that_is_odd_but_clear_is_read(answering, body):
    assert get(answering(body=body)) == Answer(200, {"a": 2})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"<html>503</html>",
        b"[1]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1',
        b'{"a": 1} {"b": 2}',
        b'{"a": "\xff"}',
        b'{"a": ' + b"9" * 10_000 + b"}",
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_no_vendors_body(answering, body):
    assert get(answering(body=body)) == Answer(200)


@pytest.mark.parametrize(
    "error", ["text", None, 7, [], {}, {"code": None, "message": None}, {"code": True, "message": ["x"]}]
)
def test_an_error_that_is_not_of_the_vendors_shape_has_no_words(answering, error):
    body = {"error": error}

    assert get(answering(503, json.dumps(body).encode())) == Answer(503, body)


def test_the_vendors_words_are_made_fit_to_show(answering):
    message = f"bad\x1b[31m\n\u202ekey {KEY}\ud800!" + "x" * 1000
    url = answering(401, json.dumps({"error": {"code": f"{KEY}\x07", "message": message}}).encode())

    answer = get(url)

    assert answer.message.startswith("bad[31m key ***!xxx")
    assert len(answer.message) == 500
    assert answer.code == "***"


def test_an_answer_that_is_too_large_is_no_answer_of_the_vendors(answering):
    fits = b'{"a": "' + b"x" * (LARGEST_ANSWER - 9) + b'"}'

    assert len(fits) == LARGEST_ANSWER
    assert get(answering(body=fits)).body is not None
    assert get(answering(body=fits + b" ")) == Answer(200)


# --- what goes wrong ---


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("ask", [get, post])
def test_a_refused_connection_never_left(ask):
    happened = ask(f"http://127.0.0.1:{closed_port()}/v1")

    assert isinstance(happened, NeverLeft)
    assert "cannot be reached: ConnectError" in happened.reason


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://a:99999999/", "ftp://127.0.0.1/x", "ws://127.0.0.1/", "x"]
)
def test_an_address_that_is_none_never_left(url):
    assert isinstance(post(url), NeverLeft)


def test_a_failing_tls_handshake_never_left():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"

        def speak_plainly():
            connection, _ = listener.accept()
            with connection:
                connection.recv(64)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        server = threading.Thread(target=speak_plainly)
        server.start()
        happened = post(url)
        server.join()

    assert isinstance(happened, NeverLeft)


def test_a_handshake_that_takes_too_long_never_left(answering):
    happened = post(answering().replace("http:", "https:"), connect=0.05)

    assert happened == NeverLeft("the vendor cannot be reached: ConnectTimeout")


def test_a_proxy_that_makes_no_tunnel_never_let_it_leave(monkeypatch, answering):
    monkeypatch.setenv("HTTPS_PROXY", answering(502, b""))

    assert isinstance(post("https://vendor.example.com/v1"), NeverLeft)


@pytest.mark.parametrize("ask", [get, post])
@pytest.mark.parametrize(
    "how",
    [
        {"limit": 0, "then": "close"},
        {"limit": 3, "then": "close"},
        {"limit": 3, "then": "hang"},
        {"limit": 0, "then": "hang"},
        {"headers": {"Content-Length": "nonsense"}},
        {"headers": {"Content-Encoding": "gzip"}},
    ],
)
def test_a_broken_answer_is_lost(answering, ask, how):
    url = answering(body=b'{"task_id": "t"}', **how)

    assert isinstance(ask(url, read=0.05), Lost)


def test_an_answer_that_never_ends_is_lost_when_patience_does(serve):
    url = serve(lambda _: Sent(200, b"\n" * 100, JSON, limit=50, then="hang"))

    happened = post(url, read=60, exchange=0.05)

    assert happened == Lost("no answer came back: TimeoutError")


def test_the_reason_never_shows_the_key(serve):
    url = serve(lambda request: Sent(200, b"{}", {"broken\x00": request.headers["authorization"]}))

    happened = post(url)

    assert isinstance(happened, Lost)
    assert "***" in happened.reason
    assert KEY not in happened.reason


def test_cancelling_passes_through(serve):
    async def run():
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def hang(_):
            loop.call_soon_threadsafe(arrived.set)
            return Sent(200, b"", {}, limit=0, then="hang")

        async with Web() as web:
            task = asyncio.create_task(web.post(serve(hang), {}, key=KEY))
            await arrived.wait()
            task.cancel()
            await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTPS_PROXY", "gopher://example.com"), ("SSL_CERT_FILE", "/nowhere/certificates.pem")],
)
def test_settings_that_cannot_be_used_are_explained(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match="cannot set up HTTPS") as stopped:
        Web()
    assert "environment" in stopped.value.hint


# --- what the user gives ---


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://geekai.co/api/v1", "https://geekai.co/api/v1"),
        ("http://127.0.0.1:8080/api/v1/", "http://127.0.0.1:8080/api/v1"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_a_base_url_loses_only_its_last_slash(text, url):
    assert check_base_url(text, name="GEEKAI_BASE_URL") == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "geekai.co/api/v1",
        "ftp://geekai.co",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "https://user:word@geekai.co",
        "https://geekai.co/?a=b",
        "https://geekai.co/#a",
    ],
)
def test_a_base_url_that_no_key_may_be_sent_to_is_refused(text):
    with pytest.raises(UsageError, match="GEEKAI_BASE_URL") as stopped:
        check_base_url(text, name="GEEKAI_BASE_URL")
    assert "word" not in str(stopped.value)


def test_a_key_is_stripped():
    assert check_key(" sk-1 \n", name="GEEKAI_API_KEY") == "sk-1"


@pytest.mark.parametrize("text", ["", "  \n", "sk-\n1", "sk-é", "sk-\x00"])
def test_a_key_that_is_none_is_refused_and_not_shown(text):
    with pytest.raises(UsageError, match="GEEKAI_API_KEY") as stopped:
        check_key(text, name="GEEKAI_API_KEY")
    assert "sk-" not in str(stopped.value) + stopped.value.hint


@given(st.text(), st.text(min_size=3, max_size=8))
def test_words_that_are_fit_to_show_are_one_short_line_without_the_secret(text, secret):
    shown = fit_to_show(text + secret + text, secret=secret)

    assert len(shown) <= 500
    assert shown.isprintable()
    assert shown == shown.strip()
