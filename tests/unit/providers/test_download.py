import asyncio
import json
import os

import pytest

from cogvid_pipeline.errors import ClipGone, FetchError, StateError
from cogvid_pipeline.providers.download import download
from cogvid_pipeline.providers.http import Web
from tests.loopback import Answer, Loopback

CLIP = bytes(range(256)) * 40
SIZE = len(CLIP)
TAG = {"ETag": '"v1"'}


class Host:
    """A clips' host that serves what it is told, one answer after the other; the last one stays."""

    def __init__(self):
        self.seen = []
        self.answers = []
        self.loopback = Loopback(self.answer)

    def answer(self, seen):
        self.seen.append(seen)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(seen) if callable(answer) else answer

    @property
    def url(self):
        return f"http://127.0.0.1:{self.loopback.port}/clips/walk.mp4"

    @property
    def ranges(self):
        return [(seen.headers.get("range"), seen.headers.get("if-range")) for seen in self.seen]


@pytest.fixture
def host():
    host = Host()
    host.loopback.start()
    yield host
    host.loopback.stop()


def whole(clip=CLIP, headers=TAG, **how):
    return Answer(200, clip, headers, **how)


def cut(after, clip=CLIP, headers=TAG):
    return whole(clip, headers, limit=after, then="close")


def rest(start, clip=CLIP, total=None, **how):
    total = len(clip) if total is None else total
    return Answer(206, clip[start:], {"Content-Range": f"bytes {start}-{len(clip) - 1}/{total}"}, **how)


def fetch(host, into, *, pauses=(0.0, 0.0, 0.0), url=None, progress=lambda *_: None, **options):
    async def run():
        async with Web() as web:
            await download(web.downloads, url or host.url, into, progress, pauses=pauses, **options)

    asyncio.run(run())


@pytest.fixture
def into(tmp_path):
    return tmp_path / "staged"


def files(into):
    return sorted(path.name for path in into.parent.iterdir())


# --- whole ---


def test_a_clip_is_downloaded_and_nothing_else_is_left(host, into):
    host.answers = [whole()]
    steps = []

    fetch(host, into, progress=lambda *step: steps.append(step))

    assert into.read_bytes() == CLIP
    assert files(into) == ["staged"]
    assert steps[0] == (0, SIZE)
    assert steps[-1] == (SIZE, SIZE)
    assert steps == sorted(steps)


def test_a_clip_of_unknown_length_is_downloaded(host, into):
    host.answers = [whole(chunked=True)]
    steps = []

    fetch(host, into, progress=lambda *step: steps.append(step))

    assert into.read_bytes() == CLIP
    assert steps[-1] == (SIZE, None)


def test_what_was_there_without_a_note_is_not_taken_for_a_part(host, into):
    into.write_bytes(b"something else")
    host.answers = [whole()]

    fetch(host, into)

    assert into.read_bytes() == CLIP
    assert host.ranges == [(None, None)]


def test_no_key_and_no_compression_is_asked_for(host, into):
    host.answers = [whole()]

    fetch(host, into)

    assert "authorization" not in host.seen[0].headers
    assert host.seen[0].headers["accept-encoding"] == "identity"


# --- in parts ---


def test_a_download_that_was_cut_goes_on_where_it_was(host, into):
    host.answers = [cut(4000), rest(4000)]

    fetch(host, into)

    assert into.read_bytes() == CLIP
    assert host.ranges == [(None, None), ("bytes=4000-", '"v1"')]
    assert files(into) == ["staged"]


def test_a_download_can_be_cut_again_and_again(host, into):
    again = Answer(206, CLIP[100:], {"Content-Range": f"bytes 100-{SIZE - 1}/{SIZE}"}, limit=50, then="close")
    host.answers = [cut(100), again, rest(150)]

    fetch(host, into)

    assert into.read_bytes() == CLIP


def test_a_part_is_gone_on_with_by_the_next_run_even_at_an_address_signed_anew(host, into):
    host.answers = [cut(4000)]
    with pytest.raises(FetchError, match="broke off"):
        fetch(host, into, pauses=(), url=f"{host.url}?sign=old")
    host.answers = [rest(4000)]

    fetch(host, into, url=f"{host.url}?sign=new")

    assert into.read_bytes() == CLIP
    assert host.ranges[-1] == ("bytes=4000-", '"v1"')


def test_what_came_after_the_last_sync_is_not_gone_on_with(host, into):
    host.answers = [cut(4000)]
    with pytest.raises(FetchError):
        fetch(host, into, pauses=())
    with into.open("ab") as file:
        file.write(bytes(1000))  # as a run leaves it that ends with the power
    host.answers = [whole()]

    fetch(host, into)

    assert host.ranges[-1] == (None, None)
    assert into.read_bytes() == CLIP


def test_a_part_is_synced_before_the_note_vouches_for_it(host, into, monkeypatch):
    vouched = []

    def seen(descriptor):
        note = json.loads(into.with_name("staged.part").read_text())
        vouched.append((os.fstat(descriptor).st_size, note["safe"]))

    monkeypatch.setattr(os, "fsync", seen)
    host.answers = [cut(4000)]
    with pytest.raises(FetchError):
        fetch(host, into, pauses=())

    assert vouched == [(4000, 0)]
    assert json.loads(into.with_name("staged.part").read_text())["safe"] == 4000


def test_the_note_keeps_no_signature(host, into):
    host.answers = [cut(4000)]
    with pytest.raises(FetchError) as broken:
        fetch(host, into, pauses=(), url=f"{host.url}?sign=secret#secret")

    assert "secret" not in into.with_name("staged.part").read_text()
    assert "secret" not in str(broken.value)


def test_a_part_of_another_clip_is_not_gone_on_with(host, into):
    host.answers = [cut(4000)]
    with pytest.raises(FetchError):
        fetch(host, into, pauses=())
    host.answers = [whole()]

    fetch(host, into, url=host.url.replace("walk", "run"))

    assert host.ranges[-1] == (None, None)
    assert into.read_bytes() == CLIP


def test_a_host_that_sends_all_of_it_again_is_believed(host, into):
    other = CLIP[::-1]
    host.answers = [cut(4000), whole(other, {"ETag": '"v2"'})]

    fetch(host, into)

    assert into.read_bytes() == other


@pytest.mark.parametrize(
    "wrong",
    [
        rest(3999),
        rest(4001),
        rest(4000, total=SIZE + 1),
        Answer(206, CLIP[4000:], {}),
        Answer(206, CLIP[4000:], {"Content-Range": "bytes 4000-*/*"}),
        Answer(416, b"", {"Content-Range": f"bytes */{SIZE}"}),
    ],
)
def test_a_part_that_does_not_fit_is_thrown_away(host, into, wrong):
    host.answers = [cut(4000), wrong, whole()]

    fetch(host, into)

    assert into.read_bytes() == CLIP
    assert [asked for asked, _ in host.ranges] == [None, "bytes=4000-", None]


def test_a_rest_that_is_shorter_than_promised_is_gone_on_with(host, into):
    middle = Answer(206, CLIP[4000:5000], {"Content-Range": f"bytes 4000-4999/{SIZE}"})
    host.answers = [cut(4000), middle, rest(5000)]

    fetch(host, into)

    assert into.read_bytes() == CLIP


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        (
            {"ETag": 'W/"v1"', "Last-Modified": "Tue, 10 Feb 2026 08:00:00 GMT"},
            "Tue, 10 Feb 2026 08:00:00 GMT",
        ),
        ({"ETag": 'W/"v1"'}, None),
        ({}, None),
    ],
)
def test_only_what_promises_the_same_bytes_vouches_for_a_part(host, into, headers, validator):
    host.answers = [cut(4000, headers=headers), rest(4000)]

    fetch(host, into)

    assert host.ranges[-1] == ("bytes=4000-", validator)
    assert into.read_bytes() == CLIP


def test_a_part_of_a_clip_of_unknown_length_is_not_gone_on_with(host, into):
    first = b"fa0\r\n" + CLIP[:4000] + b"\r\n"
    host.answers = [Answer(200, first, TAG, chunked=True, limit=len(first), then="close"), whole()]

    fetch(host, into)

    assert host.ranges == [(None, None)] * 2
    assert into.read_bytes() == CLIP


def test_a_part_of_unknown_length_does_not_pass_for_the_one_before(host, into):
    other = CLIP[::-1]
    first = b"bb8\r\n" + other[:3000] + b"\r\n"
    changed = Answer(200, first, {"ETag": '"v2"'}, chunked=True, limit=len(first), then="close")
    host.answers = [cut(4000), changed, whole(other)]

    fetch(host, into)

    assert [asked for asked, _ in host.ranges] == [None, "bytes=4000-", None]
    assert into.read_bytes() == other


def test_a_host_that_no_longer_says_the_length_is_believed(host, into):
    host.answers = [cut(4000), whole(chunked=True)]

    fetch(host, into)

    assert into.read_bytes() == CLIP
    assert files(into) == ["staged"]


@pytest.mark.parametrize("note", [b"", b"nonsense", b"[]", b'{"source": "x"}', b"\xff"])
def test_a_damaged_note_means_a_new_beginning(host, into, note):
    into.write_bytes(CLIP[:4000])
    into.with_name("staged.part").write_bytes(note)
    host.answers = [whole()]

    fetch(host, into)

    assert host.ranges == [(None, None)]
    assert into.read_bytes() == CLIP


def test_a_file_without_its_bytes_begins_anew(host, into):
    host.answers = [cut(4000)]
    with pytest.raises(FetchError):
        fetch(host, into, pauses=())
    into.unlink()
    host.answers = [whole()]

    fetch(host, into)

    assert host.ranges[-1] == (None, None)


# --- not at all ---


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_dead_address_is_gone_at_once(host, into, status):
    host.answers = [Answer(status, b"", {})]

    with pytest.raises(ClipGone, match=f"HTTP {status}"):
        fetch(host, into)
    assert len(host.seen) == 1


@pytest.mark.parametrize("status", [204, 206, 304, 400, 416, 429, 500, 503])
def test_any_other_answer_may_be_better_later(host, into, status):
    host.answers = [Answer(status, b"", {})]

    with pytest.raises(FetchError) as failed:
        fetch(host, into)
    assert not isinstance(failed.value, ClipGone)


def test_a_download_that_always_breaks_off_is_given_up_and_its_part_kept(host, into):
    host.answers = [cut(4000), *[Answer(206, b"", {}, limit=0, then="close")] * 2]

    with pytest.raises(FetchError, match=r"/clips/walk\.mp4 broke off"):
        fetch(host, into)
    assert len(host.seen) == 4
    assert into.read_bytes() == CLIP[:4000]
    assert files(into) == ["staged", "staged.part"]
    assert json.loads(into.with_name("staged.part").read_text())["total"] == SIZE


def test_a_host_that_is_not_there_may_come_back(host, into):
    host.loopback.stop()
    try:
        with pytest.raises(FetchError, match="ConnectError"):
            fetch(host, into)
    finally:
        host.loopback = Loopback(host.answer)
        host.loopback.start()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_clip_may_be_as_large_as_allowed_and_no_byte_larger(host, into, chunked):
    host.answers = [whole(chunked=chunked)]

    fetch(host, into, largest=SIZE)
    with pytest.raises(FetchError, match=f"larger than {SIZE - 1} bytes"):
        fetch(host, into, largest=SIZE - 1)


def test_a_clip_that_says_it_is_too_large_is_not_even_begun(host, into):
    host.answers = [whole(CLIP * 100)]

    with pytest.raises(FetchError, match="larger"):
        fetch(host, into, largest=100 * SIZE - 1)
    assert into.read_bytes() == b""


def test_a_clip_that_comes_compressed_is_refused(host, into):
    host.answers = [whole(headers={"Content-Encoding": "gzip"})]

    with pytest.raises(FetchError, match="compressed"):
        fetch(host, into)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/a",
        "ws://127.0.0.1/a",
        "",
        "no address",
        "http://[::1",
        "http://127.0.0.1/\ud800",
    ],
)
def test_an_address_of_another_kind_is_refused(host, into, url):
    with pytest.raises(ClipGone, match="no address to download from"):
        fetch(host, into, url=url or " ")
    assert not into.exists()


def test_a_full_or_read_only_disk_is_said_plainly(host, tmp_path):
    host.answers = [whole()]

    with pytest.raises(StateError, match="cannot write"):
        fetch(host, tmp_path / "missing" / "staged")


# --- redirects ---


def to(url):
    return Answer(302, b"", {"Location": url})


def test_redirects_are_followed_with_the_range(host, into):
    host.answers = [to("/other"), cut(4000), to("/other"), rest(4000)]

    fetch(host, into)

    assert into.read_bytes() == CLIP
    assert [seen.path for seen in host.seen] == ["/clips/walk.mp4", "/other"] * 2
    assert host.ranges[-1] == ("bytes=4000-", '"v1"')


def test_five_redirects_are_followed_and_no_more(host, into):
    host.answers = [*[to("/other")] * 5, whole()]
    fetch(host, into)
    assert into.read_bytes() == CLIP

    host.answers = [*[to("/other")] * 6, whole()]
    with pytest.raises(FetchError, match="TooManyRedirects"):
        fetch(host, into)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ws://127.0.0.1/", "ftp://127.0.0.1/"])
def test_a_redirect_leads_to_no_other_kind_of_address(host, into, url):
    host.answers = [to(url)]

    with pytest.raises(ClipGone):
        fetch(host, into)
    assert len(host.seen) == 1
