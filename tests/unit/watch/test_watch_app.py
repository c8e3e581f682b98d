"""The server of the storyboard page, on loopback."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cogvid_pipeline.loopback import Server, listen, origin, served
from cogvid_pipeline.watch.app import make_app
from cogvid_pipeline.watch.news import Board

PAGE = '<!doctype html><script src="page.js" defer></script><script src="live.js" defer></script><p>Story'
CLIP = bytes(range(256))


@dataclass
class Site:
    board: Board
    folder: Path
    port: int
    client: httpx.Client


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = tmp_path / "site"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips/cat.mp4").write_bytes(CLIP)
    (folder / "index.html").write_text(PAGE)
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    board = Board()
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with (
            served(Server(make_app(folder, board, port=port)), listening),
            httpx.Client(base_url=origin(listening), timeout=60) as client,
        ):
            yield Site(board, folder, port, client)


def news(lines: Iterator[str]) -> dict[str, str]:
    """The next news of a stream."""
    line = next(line for line in lines if line.startswith("data: "))
    told: dict[str, str] = json.loads(line.removeprefix("data: "))
    return told


def test_the_script_of_a_page_learns_which_page_it_is_in(site: Site) -> None:
    site.board.show("abc")

    assert site.client.get("/").text == PAGE.replace("live.js", "live.js?abc")
    assert "EventSource" in site.client.get("/live.js?abc").text


def test_while_there_is_no_page_one_waits_for_it(site: Site) -> None:
    page = site.client.get("/").text

    assert 'src="live.js"' in page
    assert "Story" not in page


def test_news_arrive_as_they_come(site: Site) -> None:
    with site.client.stream("GET", "/news") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert news(lines) == {"page": "", "mood": "", "words": ""}
        site.board.show("abc")
        assert news(lines) == {"page": "abc", "mood": "", "words": ""}
        site.board.busy("rendering")
        assert news(lines) == {"page": "abc", "mood": "busy", "words": "rendering"}
        site.board.wrong("no\nsuch shot")
        assert news(lines) == {"page": "abc", "mood": "wrong", "words": "no\nsuch shot"}
        site.board.show("def", wrong="cat failed")
        assert news(lines) == {"page": "def", "mood": "wrong", "words": "cat failed"}


def test_videos_can_be_sought_in(site: Site) -> None:
    piece = site.client.get("/clips/cat.mp4", headers={"Range": "bytes=10-19"})

    assert (piece.status_code, piece.content) == (206, CLIP[10:20])
    assert piece.headers["content-range"] == "bytes 10-19/256"
    assert site.client.get("/clips/cat.mp4").content == CLIP


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1", "127.0.0.1:1", "localhost.example.com:{port}", ""]
)
def test_a_name_of_others_that_leads_here_is_refused(site: Site, host: str) -> None:
    answer = site.client.get("/", headers={"Host": host.format(port=site.port)})

    assert answer.status_code == 421
    assert "Story" not in answer.text


def test_it_goes_by_two_names(site: Site) -> None:
    for host in ("127.0.0.1", "localhost"):
        assert site.client.get("/live.js", headers={"Host": f"{host}:{site.port}"}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/news", "/clips/cat.mp4"])
def test_it_can_only_be_read(site: Site, method: str, path: str) -> None:
    assert site.client.request(method, path).status_code == 405


@pytest.mark.parametrize("path", ["/", "/news", "/clips/cat.mp4", "/live.js"])
def test_a_head_has_no_body_and_an_end(site: Site, path: str) -> None:
    answer = site.client.head(path)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/clips",
        "/clips/",
        "/missing",
        "/../secret",
        "/%2e%2e/secret",
        "/clips/..%2f..%2fsecret",
        "/clips/../../secret",
        "//secret",
        "/link",
    ],
)
def test_nothing_but_the_files_of_the_folder_is_shown(site: Site, path: str) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 404")
    assert b"secret" not in answer
    assert b"cat.mp4" not in answer


@pytest.mark.parametrize("path", ["/", "/live.js", "/clips/cat.mp4", "/missing", "/favicon.ico"])
def test_nothing_is_cached_framed_or_guessed_at_and_only_own_scripts_run(site: Site, path: str) -> None:
    headers = site.client.get(path).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none';" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_page_that_is_still_open_does_not_keep_the_server_alive(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as listening:
        app = make_app(tmp_path, Board(), port=listening.getsockname()[1])
        client = httpx.Client(base_url=origin(listening), timeout=60)
        with served(Server(app), listening):
            stream = client.send(client.build_request("GET", "/news"), stream=True)
        with pytest.raises(httpx.TransportError):
            stream.read()
        client.close()
