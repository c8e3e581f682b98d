"""The tests' own vendor must be as strict as the real one, or what passes here proves nothing."""

import http.client
import json
from base64 import b64encode
from urllib.parse import urlsplit

import av
import pytest

from tests.vendor import Accept, Cut, Hang, Reply, Vendor

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40
JPEG = b"\xff\xd8\xff" + b"x" * 40


def data_uri(data, media_type="image/png"):
    return f"data:{media_type};base64,{b64encode(data).decode()}"


GOOD = {"model": "cogvideox-3", "prompt": "A fox.", "async": True}
PAIR = [data_uri(PNG), "https://example.com/b.jpg"]


@pytest.fixture(scope="module")
def shared():
    with Vendor() as vendor:
        yield vendor


def call(vendor, method, url, body=None, headers=None, connection=None):
    """One request by the standard library, so that nothing of ours is between the test and the vendor."""
    connection = connection or http.client.HTTPConnection(urlsplit(vendor.origin).netloc, timeout=30)
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    headers = {"Authorization": f"Bearer {vendor.key}"} if headers is None else headers
    if body is not None:
        headers = {"Content-Type": "application/json", **headers}
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def submit(vendor, body, **kwargs):
    status, _, answer = call(vendor, "POST", f"{vendor.base_url}/videos/generations", body, **kwargs)
    return status, json.loads(answer)


def poll(vendor, task_id):
    status, _, answer = call(vendor, "GET", f"{vendor.base_url}/videos/{task_id}")
    return status, json.loads(answer)


def fetch(vendor, url, **headers):
    return call(vendor, "GET", url, headers=headers)


# --- it takes what is documented ---


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        {"model": "cogvideox-3", "image": data_uri(PNG), "async": True},
        {**GOOD, "image": data_uri(JPEG, "image/jpeg")},
        {**GOOD, "image": data_uri(JPEG, "image/jpg")},
        {**GOOD, "image": "http://example.com/a.png"},
        {**GOOD, "image": PAIR},
        {**GOOD, "image": PAIR, "quality": "speed"},
        {**GOOD, "prompt": "狐" * 512},
        {**GOOD, "prompt": "🦊" * 512},
        {**GOOD, "quality": "quality", "with_audio": True, "size": "3840x2160", "fps": 60, "duration": 10},
        {**GOOD, "watermark": False, "with_audio": False, "duration": 5, "fps": 30},
        {**GOOD, "model": "cogvideox-2", "size": "720x480", "duration": 10},
        {**GOOD, "model": "cogvideox-flash", "size": "960x1280"},
    ],
)
def test_a_documented_submission_is_accepted(shared, body):
    status, answer = submit(shared, body)

    assert (status, answer["task_status"], answer["model"]) == (200, "pending", body["model"])
    assert shared.accepted[-1].id == answer["task_id"]
    assert shared.accepted[-1].body == body


# --- and nothing else ---


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({**GOOD, "model": "cogvideox-9"}, "cogvideox-9"),
        ({**GOOD, "model": ["cogvideox-3"]}, "model"),
        ({"prompt": "A fox.", "async": True}, "model"),
        ({"model": "cogvideox-3", "async": True}, "prompt or an image"),
        ({"model": "cogvideox-3", "prompt": "A fox."}, "async"),
        ({**GOOD, "async": False}, "async"),
        ({**GOOD, "async": 1}, "async"),
        ({**GOOD, "async": "true"}, "async"),
        ({**GOOD, "prompt": ""}, "prompt"),
        ({**GOOD, "prompt": None}, "prompt"),
        ({**GOOD, "prompt": "狐" * 513}, "513"),
        ({**GOOD, "quality": "best"}, "quality"),
        ({**GOOD, "with_audio": "true"}, "with_audio"),
        ({**GOOD, "with_audio": 1}, "with_audio"),
        ({**GOOD, "watermark": None}, "watermark"),
        ({**GOOD, "watermark_enabled": True}, "watermark_enabled"),
        ({**GOOD, "size": "1920*1080"}, "size"),
        ({**GOOD, "size": "720x480"}, "size"),
        ({**GOOD, "fps": 24}, "fps"),
        ({**GOOD, "fps": "30"}, "fps"),
        ({**GOOD, "fps": 30.0}, "fps"),
        ({**GOOD, "fps": True}, "fps"),
        ({**GOOD, "duration": 7}, "duration"),
        ({**GOOD, "model": "cogvideox-flash", "duration": 5}, "duration"),
        ({**GOOD, "model": "cogvideox-2", "size": "1280x720"}, "size"),
        ({**GOOD, "model": "cogvideox-2", "image": PAIR}, "one image"),
        ({**GOOD, "request_id": "r"}, "request_id"),
        ({**GOOD, "retries": 0}, "retries"),
        ({**GOOD, "negative_prompt": "rain"}, "negative_prompt"),
        ({**GOOD, "image_url": "https://example.com/a.png"}, "image_url"),
        ({**GOOD, "image": PAIR, "quality": "quality"}, "speed"),
        ({**GOOD, "image": PAIR[:1]}, "image"),
        ({**GOOD, "image": [*PAIR, PAIR[0]]}, "image"),
        ({**GOOD, "image": [PAIR[0], 1]}, "image"),
        ({**GOOD, "image": None}, "image"),
        ({**GOOD, "image": ""}, "image"),
        ({**GOOD, "image": "https://"}, "host"),
        ({**GOOD, "image": "file:///a.png"}, "image"),
        ({**GOOD, "image": b64encode(PNG).decode()}, "image"),
        ({**GOOD, "image": data_uri(PNG).replace(";base64", "")}, "image"),
        ({**GOOD, "image": data_uri(b"GIF89a", "image/gif")}, "image"),
        ({**GOOD, "image": data_uri(PNG, "image/jpeg")}, "image/jpeg"),
        ({**GOOD, "image": data_uri(PNG)[:-3] + "*"}, "Base64"),
        ([GOOD], "object"),
        (b"{not json", "JSON"),
        (b'{"model": "cogvideox-3", "prompt": NaN, "async": true}', "NaN"),
        (b'{"model": "cogvideox-3", "prompt": "a", "prompt": "b", "async": true}', "twice"),
        (b"\xff\xfe", "JSON"),
    ],
)
def test_an_undocumented_submission_is_refused_and_complained_about(body, words):
    with Vendor() as vendor:
        status, answer = submit(vendor, body)

    assert status == 400
    assert words in answer["error"]["message"]
    assert vendor.complaints == [answer["error"]["message"]]
    assert not vendor.accepted


def test_an_image_may_have_five_megabytes_and_no_byte_more(shared):
    largest = PNG.ljust(5 * 1024 * 1024, b"x")

    assert submit(shared, {**GOOD, "image": data_uri(largest)})[0] == 200
    assert submit(shared, {**GOOD, "image": data_uri(largest + b"x")})[0] == 413


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "sk-a-key-for-tests"}]
)
def test_a_wrong_key_is_refused(shared, headers):
    before = len(shared.accepted)

    assert submit(shared, GOOD, headers=headers)[0] == 401
    assert call(shared, "GET", f"{shared.base_url}/videos/x", headers=headers)[0] == 401
    assert len(shared.accepted) == before


def test_a_body_that_is_not_declared_as_json_is_refused(shared):
    headers = {"Authorization": f"Bearer {shared.key}", "Content-Type": "text/plain"}

    assert submit(shared, GOOD, headers=headers)[0] == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/videos/generations/"), ("PUT", "/videos/generations"), ("POST", "/videos"), ("GET", "/")],
)
def test_what_is_not_in_the_protocol_is_not_found(shared, method, path):
    assert call(shared, method, shared.base_url + path)[0] == 404


# --- tasks and clips ---


def test_a_task_runs_for_as_many_polls_as_asked_and_then_has_a_clip():
    with Vendor(clip=b"the clip", running_polls=2) as vendor:
        task_id = submit(vendor, GOOD)[1]["task_id"]
        answers = [poll(vendor, task_id)[1] for _ in range(3)]
        status, headers, clip = fetch(vendor, answers[2]["video_result"][0]["url"])

    assert [answer["task_status"] for answer in answers] == ["running", "running", "succeed"]
    assert (status, headers["Content-Type"], clip) == (200, "video/mp4", b"the clip")


def test_a_task_runs_for_as_long_as_asked():
    with Vendor(seconds=3600) as vendor:
        task_id = submit(vendor, GOOD)[1]["task_id"]

        assert poll(vendor, task_id)[1]["task_status"] == "running"


def test_the_reference_page_has_one_result_and_another_word():
    with Vendor(reference_shapes=True) as vendor:
        answer = poll(vendor, submit(vendor, GOOD)[1]["task_id"])[1]

    assert answer["task_status"] == "success"
    assert answer["video_result"]["url"].startswith(vendor.origin)


def test_a_task_may_come_to_nothing():
    def fails(body):
        return {"code": "1301", "message": "unsafe"} if body["prompt"] == "bad" else None

    with Vendor(fails=fails) as vendor:
        bad, good = (submit(vendor, {**GOOD, "prompt": prompt})[1]["task_id"] for prompt in ("bad", "good"))

        assert poll(vendor, bad)[1]["error"] == {"code": "1301", "message": "unsafe"}
        assert poll(vendor, good)[1]["task_status"] == "succeed"


def test_each_task_gives_a_playable_clip_of_its_own_when_the_test_gives_none(shared, tmp_path):
    submit(shared, GOOD)
    submit(shared, GOOD)
    one, other = (fetch(shared, shared.url(task))[2] for task in shared.accepted[-2:])
    (tmp_path / "one.mp4").write_bytes(one)

    assert one != other
    with av.open(str(tmp_path / "one.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_a_clip_can_be_made_from_the_submission():
    with Vendor(clip=lambda body: body["prompt"].encode()) as vendor:
        submit(vendor, GOOD)

        assert fetch(vendor, vendor.url(vendor.accepted[0]))[2] == b"A fox."


def test_addresses_are_signed_and_expire():
    with Vendor(clip=b"clip") as vendor:
        submit(vendor, GOOD)
        (task,) = vendor.accepted
        old = vendor.url(task)

        assert fetch(vendor, old.partition("?")[0])[0] == 403
        vendor.expire_urls()
        assert fetch(vendor, old)[0] == 403
        assert fetch(vendor, poll(vendor, task.id)[1]["video_result"][0]["url"])[0] == 200


def test_a_key_that_goes_to_the_clips_host_is_complained_about():
    with Vendor(clip=b"clip") as vendor:
        submit(vendor, GOOD)
        call(vendor, "GET", vendor.url(vendor.accepted[0]))

    assert vendor.complaints == ["a key was sent to the clips' host"]


def test_a_forgotten_task_is_not_found_though_it_was_paid_for():
    with Vendor() as vendor:
        task_id = submit(vendor, GOOD)[1]["task_id"]
        vendor.forget(task_id)

        assert poll(vendor, task_id)[0] == 404
        assert [task.id for task in vendor.accepted] == [task_id]


def test_a_part_of_a_clip_can_be_asked_for():
    with Vendor(clip=b"0123456789") as vendor:
        submit(vendor, GOOD)
        url = vendor.url(vendor.accepted[0])
        tag = fetch(vendor, url)[1]["ETag"]
        status, headers, rest = fetch(vendor, url, Range="bytes=4-", **{"If-Range": tag})

        assert (status, headers["Content-Range"], rest) == (206, "bytes 4-9/10", b"456789")
        assert fetch(vendor, url, Range="bytes=4-", **{"If-Range": '"other"'})[::2] == (200, b"0123456789")
        assert fetch(vendor, url, Range="bytes=10-")[1]["Content-Range"] == "bytes */10"


def test_a_host_may_know_neither_parts_nor_tags():
    with Vendor(clip=b"0123456789", ranges=False, etag=False) as vendor:
        submit(vendor, GOOD)
        status, headers, body = fetch(vendor, vendor.url(vendor.accepted[0]), Range="bytes=4-")

    assert (status, body) == (200, b"0123456789")
    assert "ETag" not in headers


# --- misbehaviour ---


def test_scripted_answers_replace_the_next_ones_one_each():
    with Vendor() as vendor:
        vendor.on_submit(Reply(429, headers={"Retry-After": "0.5"}), Reply(503, b"<html>"))
        status, headers, body = call(vendor, "POST", f"{vendor.base_url}/videos/generations", GOOD)

        assert (status, headers["Retry-After"]) == (429, "0.5")
        assert json.loads(body) == {"error": {"code": "429", "message": "Too Many Requests"}}
        assert call(vendor, "POST", f"{vendor.base_url}/videos/generations", GOOD)[2] == b"<html>"
        assert not vendor.accepted
        assert submit(vendor, GOOD)[0] == 200
        assert len(vendor.accepted) == 1


def test_a_connection_can_be_cut_before_and_after_acceptance():
    with Vendor() as vendor:
        vendor.on_submit(Cut(), Accept(then=Cut()))

        with pytest.raises(http.client.RemoteDisconnected):
            submit(vendor, GOOD)
        assert not vendor.accepted
        with pytest.raises(http.client.RemoteDisconnected):
            submit(vendor, GOOD)
        assert len(vendor.accepted) == 1


def test_an_accepted_submission_can_be_answered_with_an_error_or_its_result():
    with Vendor() as vendor:
        vendor.on_submit(Accept(then=Reply(504)), Accept(then=Reply(body=vendor.finished)))

        assert submit(vendor, GOOD)[0] == 504
        assert submit(vendor, GOOD)[1]["task_status"] == "succeed"
        assert len(vendor.accepted) == 2


def test_an_answer_can_begin_with_blank_lines_and_come_in_chunks():
    with Vendor() as vendor:
        vendor.on_submit(Accept(then=Reply(blank_lines=3, chunked=True)))
        _, headers, body = call(vendor, "POST", f"{vendor.base_url}/videos/generations", GOOD)

    assert headers["Transfer-Encoding"] == "chunked"
    assert body.startswith(b"\r\n\r\n\r\n{")
    assert json.loads(body)["task_id"]


def test_polls_and_downloads_can_be_scripted_too():
    with Vendor(clip=b"0123456789", headers={"X-Mark": "1"}) as vendor:
        task_id = submit(vendor, GOOD)[1]["task_id"]
        vendor.on_poll(Reply(500), Reply(body=b"<html>"), Reply(520))
        vendor.on_download(Reply(404), Cut(after=3))

        assert [call(vendor, "GET", f"{vendor.base_url}/videos/{task_id}")[0] for _ in range(4)] == [
            500, 200, 520, 200,
        ]  # fmt: skip
        assert fetch(vendor, vendor.url(vendor.accepted[0]))[0] == 404
        with pytest.raises(http.client.IncompleteRead) as cut:
            fetch(vendor, vendor.url(vendor.accepted[0]))
        assert cut.value.partial == b"012"
        assert call(vendor, "GET", f"{vendor.base_url}/videos/{task_id}")[1]["X-Mark"] == "1"


def test_a_hanging_answer_ends_when_the_client_goes_away_or_the_vendor_does():
    with Vendor(clip=b"0123456789") as vendor:
        vendor.on_submit(Accept(then=Hang()))
        address = urlsplit(vendor.origin).netloc
        gone = http.client.HTTPConnection(address, timeout=0.05)
        with pytest.raises(TimeoutError):
            submit(vendor, GOOD, connection=gone)
        vendor.on_download(Hang(after=4))
        waiting = http.client.HTTPConnection(address)
        waiting.request("GET", vendor.url(vendor.accepted[0]).removeprefix(vendor.origin))
        assert waiting.getresponse().read(4) == b"0123"
    waiting.close()


def test_requests_are_logged_with_their_connection():
    with Vendor() as vendor:
        connection = http.client.HTTPConnection(urlsplit(vendor.origin).netloc)
        for _ in range(2):
            connection.request("GET", "/api/v1/videos/x", headers={"Authorization": f"Bearer {vendor.key}"})
            connection.getresponse().read()
        connection.close()
        submit(vendor, GOOD)

    assert [seen.connection for seen in vendor.requests] == [1, 1, 2]
    assert vendor.posts[0].body == GOOD
    assert vendor.posts[0].headers["content-type"] == "application/json"
    assert [seen.path for seen in vendor.polls] == ["/api/v1/videos/x"] * 2


def test_a_test_can_wait_until_something_has_arrived():
    with Vendor() as vendor:
        submit(vendor, GOOD)
        vendor.wait_until(lambda: len(vendor.accepted) == 1)

        with pytest.raises(AssertionError, match="in vain"):
            vendor.wait_until(lambda: len(vendor.accepted) == 2, seconds=0)


def test_a_bug_in_the_vendor_or_in_a_tests_own_function_is_not_swallowed():
    def broken(body):
        raise RuntimeError("the test is wrong")

    cut = pytest.raises(http.client.RemoteDisconnected)
    with pytest.raises(ExceptionGroup) as bugs, Vendor(clip=broken) as vendor, cut:
        submit(vendor, GOOD)
    assert bugs.group_contains(RuntimeError, match="the test is wrong")
