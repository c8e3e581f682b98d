"""The emulator over HTTP, seen from a client that knows nothing of it."""

import hashlib
import json
import socket
import time
from base64 import b64encode
from contextlib import contextmanager
from io import BytesIO

import av
import httpx
import pytest
from PIL import Image

from cogvid_pipeline.emulator.app import LARGEST_BODY
from cogvid_pipeline.emulator.serve import running
from cogvid_pipeline.emulator.service import Counts
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.emulator.vendors import APIS, BIGMODEL, GEEKAI, ZAI, base_path
from tests.clips import picture_file
from tests.vendor import free_box, small_clip

BODIES = {
    "geekai": {"model": "cogvideox-3", "prompt": "A fox.", "async": True},
    "bigmodel": {"model": "cogvideox-3", "prompt": "A fox.", "request_id": "request-1"},
    "zai": {"model": "cogvideox-3", "prompt": "A fox.", "request_id": "request-1"},
}
KEY = {"Authorization": "Bearer sk-any"}
every_api = pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)


class Emulator:
    """A client of one, with what a vendor's client does."""

    def __init__(self, origin, counts, said):
        self.http = httpx.Client(base_url=origin, headers=KEY, timeout=60)
        self.origin = origin
        self.counts = counts
        self.said = said

    def submit(self, api=GEEKAI, **more):
        return self.http.post(f"{base_path(api)}/videos/generations", json={**BODIES[api.name], **more})

    def task(self, api=GEEKAI, **more):
        """The id of a new task."""
        body = self.submit(api, **more).json()
        return body["id" if api.coded else "task_id"]

    def poll(self, task_id, api=GEEKAI):
        return self.http.get(f"{base_path(api)}{api.results}{task_id}")

    def finished(self, task_id, api=GEEKAI):
        """The answer about a task once it has come to its end; it takes no longer than its rendering."""
        while (answer := self.poll(task_id, api).json())["task_status"] in ("running", "PROCESSING"):
            pass
        return answer

    def url(self, task_id, api=GEEKAI):
        return self.finished(task_id, api)["video_result"][0]["url"]

    def download(self, url, **headers):
        return httpx.get(url, headers=headers)

    @property
    def audit(self):
        return self.http.get("/emulator/tasks").json()


@contextmanager
def emulator(**settings):
    counts, said = Counts(), []
    chosen = {"seconds": 0, "clip": small_clip(), "say": said.append, **settings}
    with running(Settings(**chosen), counts) as origin:
        client = Emulator(origin, counts, said)
        with client.http:
            yield client


@pytest.fixture(scope="module")
def shared():
    """One that is as it comes, but for clips that are not rendered."""
    with emulator() as client:
        yield client


# --- as documented ---


@every_api
def test_a_submission_becomes_a_task_and_the_task_a_clip(shared, api):
    accepted = shared.submit(api, **({"request_id": "as-documented"} if api.coded else {}))
    task_id = accepted.json()["id" if api.coded else "task_id"]
    answer = shared.finished(task_id, api)
    clip = shared.download(answer["video_result"][0]["url"])

    assert accepted.status_code == 200
    assert accepted.json()["task_status"] == ("PROCESSING" if api.coded else "pending")
    assert answer["task_status"] == ("SUCCESS" if api.coded else "succeed")
    assert clip.headers["Content-Type"] == "video/mp4"
    assert clip.content.startswith(small_clip())


def test_tasks_are_their_vendors_own(shared):
    task_id = shared.task(ZAI, request_id="own")

    assert shared.poll(task_id, ZAI).status_code == 200
    assert shared.poll(task_id, BIGMODEL).status_code == 404
    assert shared.poll(task_id, GEEKAI).status_code == 404
    assert shared.submit(BIGMODEL, request_id="own").status_code == 200


def test_the_older_page_of_geekais_documentation_works_too(shared):
    task_id = shared.task()
    answer = shared.http.get(f"{base_path(GEEKAI)}/video/{task_id}/result")

    assert answer.json()["task_id"] == task_id


def test_a_task_takes_its_time():
    with emulator(seconds=3600) as client:
        assert client.poll(client.task()).json()["task_status"] == "running"
        assert client.poll(client.task(ZAI), ZAI).json()["task_status"] == "PROCESSING"


@pytest.mark.parametrize("api", [BIGMODEL, ZAI], ids=lambda api: api.name)
def test_a_repeated_request_id_accepts_nothing(api):
    with emulator() as client:
        client.submit(api)
        again = client.submit(api)

        assert again.status_code == 400
        assert again.json() == {"error": {"code": "1231", "message": "You already have a request: request-1"}}
        assert len(client.audit) == 1


def test_results_are_there_under_the_request_id_only_where_that_is_asked_for():
    with emulator() as client:
        client.submit(ZAI)
        assert client.poll("request-1", ZAI).status_code == 404
    with emulator(by_request_id=True) as client:
        client.submit(ZAI)
        assert client.finished("request-1", ZAI)["task_status"] == "SUCCESS"
        assert client.poll("request-1", GEEKAI).status_code == 404


# --- strict ---


@every_api
def test_a_wrong_parameter_is_refused(shared, api):
    before = len(shared.audit)
    answer = shared.submit(api, fps=24)

    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "code": "1214" if api.coded else "400",
        "message": "fps cannot be 24",
    }
    assert len(shared.audit) == before


def test_a_refusal_does_not_repeat_what_is_long(shared):
    assert len(shared.submit(quality="x" * 100_000).text) < 300
    assert len(shared.submit(model="x" * 100_000).text) < 300
    assert len(shared.submit(**{"x" * 100_000: 1}).text) < 300


@every_api
def test_a_key_is_needed_and_any_will_do(shared, api):
    path = f"{base_path(api)}/videos/generations"
    without = httpx.post(shared.origin + path, json=BODIES[api.name])
    basic = httpx.post(shared.origin + path, json=BODIES[api.name], auth=("sk-any", ""))

    assert [without.status_code, basic.status_code] == [401, 401]
    assert without.json()["error"]["code"] == ("1001" if api.coded else "401")
    assert httpx.get(f"{shared.origin}{base_path(api)}{api.results}x").status_code == 401


def test_one_key_can_be_asked_for():
    with emulator(key="sk-mine") as client:
        assert client.submit(ZAI).json()["error"]["code"] == "1000"
        client.http.headers["Authorization"] = "Bearer sk-mine"
        assert client.submit(ZAI).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/zai", 404),
        ("POST", "/zai/api/paas/v4/chat/completions", 404),
        ("POST", "/zai/api/paas/v4/videos/generations/", 404),
        ("GET", "/zai/api/paas/v4/videos/generations", 405),
        ("GET", "/geekai/api/v1/videos/unheard-of", 404),
        ("DELETE", "/geekai/api/v1/videos/x", 405),
        ("GET", "/clips/x.mp4", 403),
        ("GET", "/covers/x.jpg", 403),
    ],
)
def test_there_is_nothing_else(shared, method, path, status):
    headers = {} if path.startswith("/c") else KEY

    assert httpx.request(method, shared.origin + path, headers=headers).status_code == status


def test_what_no_vendor_could_take_is_refused_before_it_fills_the_memory(shared):
    answer = shared.http.post(f"{base_path(ZAI)}/videos/generations", content=b" " * (LARGEST_BODY + 1))

    assert answer.status_code == 413
    assert shared.submit().status_code == 200


def test_a_request_that_breaks_off_is_not_accepted(shared):
    before = len(shared.audit)
    host, port = shared.origin.removeprefix("http://").split(":")
    body = json.dumps(BODIES["geekai"]).encode()
    head = f"POST {base_path(GEEKAI)}/videos/generations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
    with socket.create_connection((host, int(port))) as line:
        line.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])

    assert shared.submit().status_code == 200
    assert len(shared.audit) == before + 1


# --- clips ---


def test_clips_are_rendered_in_full_size_where_that_is_asked_for(tmp_path):
    with emulator(clip=None, scale=1) as client:
        url = client.url(client.task(size="1280x720"))
        path = tmp_path / "clip.mp4"
        path.write_bytes(client.download(url).content)

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.width, video.height, video.average_rate) == (1280, 720, 30)
        assert float(video.duration * video.time_base) == 5.0
        assert not container.streams.audio


def test_clips_have_the_frame_rate_the_length_and_the_sound_that_were_asked_for(tmp_path):
    with emulator(clip=None, scale=0.05) as client:
        url = client.url(client.task(fps=60, duration=10, with_audio=True))
        path = tmp_path / "clip.mp4"
        path.write_bytes(client.download(url).content)

    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert video.average_rate == 60
        assert float(video.duration * video.time_base) == 10.0
        assert container.streams.audio


def test_clips_are_rendered_smaller_from_the_pictures_that_were_sent(tmp_path):
    picture = b64encode(picture_file(Image.new("RGB", (320, 180), "red"))).decode()
    with emulator(clip=None, scale=0.1) as client:
        sent = [f"data:image/png;base64,{picture}", "https://example.com/last.png"]
        answer = client.finished(client.task(ZAI, image_url=sent), ZAI)["video_result"][0]
        path = tmp_path / "clip.mp4"
        path.write_bytes(client.download(answer["url"]).content)
        cover = Image.open(BytesIO(client.download(answer["cover_image_url"]).content))

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_image()
    assert frame.size == cover.size == (192, 108)
    for first in (frame, cover):
        red, green, blue = first.convert("RGB").getpixel((96, 30))
        assert red > 200
        assert max(green, blue) < 60


def test_the_same_request_gives_another_clip_each_time_rendered_once():
    with emulator(clip=None, scale=0.05) as client:
        one, other = (client.download(client.url(client.task())).content for _ in range(2))

    assert one != other
    assert one[:-44] == other[:-44]


def test_a_picture_that_cannot_be_read_lets_the_task_fail():
    broken = "data:image/png;base64," + b64encode(b"\x89PNG\r\n\x1a\n" + b"x" * 40).decode()
    with emulator(clip=None) as client:
        answer = client.finished(client.task(image=broken))

    assert answer["task_status"] == "failed"
    assert "picture" in answer["error"]["message"]


def test_addresses_are_signed(shared):
    url = shared.url(shared.task())

    assert shared.download(url).status_code == 200
    assert shared.download(url.partition("?")[0]).status_code == 403
    assert shared.download(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 403
    assert shared.download(url.replace("expires=", "expires=1")).status_code == 403
    assert shared.download(url.replace("/clips/", "/covers/").replace(".mp4", ".jpg")).status_code == 200


def test_addresses_expire():
    with emulator(url_seconds=0) as client:
        assert client.download(client.url(client.task())).status_code == 403


def test_a_key_that_goes_to_the_clips_host_is_refused(shared):
    assert shared.download(shared.url(shared.task()), **KEY).status_code == 400


def test_a_download_can_be_gone_on_with(shared):
    url = shared.url(shared.task())
    whole = shared.download(url)
    tag = whole.headers["ETag"]
    rest = shared.download(url, Range="bytes=100-", **{"If-Range": tag})

    assert tag.startswith('"')
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    assert shared.download(url, Range="bytes=100-", **{"If-Range": '"other"'}).content == whole.content


def test_a_client_that_has_stopped_reading_does_not_keep_it_from_ending():
    large = small_clip() + free_box(bytes(16 * 1024 * 1024))
    with socket.socket() as line:
        with emulator(clip=large) as client:
            target = client.url(client.task()).removeprefix(client.origin)
            host, port = client.origin.removeprefix("http://").split(":")
            line.connect((host, int(port)))
            line.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 200"
        # Here it has ended, while this client is still there.
        assert line.fileno() >= 0


# --- what marks it, and what audits it ---


@pytest.mark.parametrize("marked", [True, False])
def test_every_answer_is_marked_unless_it_is_not_to_be(marked):
    with emulator(marked=marked) as client:
        answers = [
            client.submit(),
            client.submit(fps=24),
            client.poll(client.task()),
            client.http.get("/nowhere"),
            client.download(client.url(client.task())),
        ]

    assert {answer.headers.get("X-Cogvid-Emulator") for answer in answers} == {"1" if marked else None}


def test_accepted_tasks_can_be_audited():
    body = json.dumps(BODIES["zai"]).encode()
    headers = {"Content-Type": "application/json"}
    with emulator() as client:
        accepted = client.http.post(f"{base_path(ZAI)}/videos/generations", content=body, headers=headers)
        client.submit(ZAI)
        client.submit(GEEKAI, fps=24)
        task_id = accepted.json()["id"]
        client.finished(task_id, ZAI)
        (task,) = client.audit

        assert task.pop("accepted_at").startswith("20")
        assert task == {
            "provider": "zai",
            "task_id": task_id,
            "request_id": "request-1",
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "status": "succeeded",
        }
        assert str(client.counts) == "1 task accepted, 2 submissions refused, 0 answers lost"


# --- chaos ---


@every_api
def test_chaos_can_refuse(api):
    with emulator(knobs={"refuse": 1}) as client:
        answer = client.submit(api)

        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "1301" if api.coded else "400")
        assert not client.audit


@every_api
def test_chaos_can_limit_the_rate(api):
    with emulator(knobs={"rate": 1}) as client:
        answer = client.submit(api)

        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert answer.json()["error"]["code"] == ("1302" if api.coded else "429")
        assert not client.audit


@every_api
def test_chaos_can_lose_an_answer_before_anything_is_accepted(api):
    with emulator(knobs={"lost-before": 1}) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            client.submit(api)

        assert not client.audit
        assert client.counts.lost == 1


@every_api
def test_chaos_can_lose_an_answer_after_the_task_is_accepted(api):
    with emulator(knobs={"lost-after": 1}) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
            client.submit(api)

        (task,) = client.audit
        assert client.finished(task["task_id"], api)
        assert client.counts.lost == 1


def test_chaos_can_lose_the_answer_to_a_repeated_request_id_too():
    with emulator(knobs={"lost-after": 1}) as client:
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                client.submit(ZAI)

        assert len(client.audit) == 1
        assert client.counts.lost == 2


def test_chaos_can_answer_with_a_gateways_error_after_the_task_is_accepted():
    with emulator(knobs={"gateway": 1}) as client:
        assert client.submit().status_code == 504
        assert len(client.audit) == 1


@every_api
def test_chaos_can_let_a_task_fail(api):
    with emulator(knobs={"fail": 1}) as client:
        answer = client.finished(client.task(api), api)

    assert answer["task_status"] == ("FAIL" if api.coded else "failed")
    assert answer["error"]["message"] == "the emulator was told to let tasks fail"


def test_chaos_can_make_a_task_slow():
    with emulator(seconds=0.02, knobs={"slow": 1}) as client:
        before = time.monotonic()
        client.finished(client.task())

        assert time.monotonic() - before >= 0.2


def test_chaos_can_answer_polls_with_an_error():
    with emulator(knobs={"poll-500": 0.5}, seed="7") as client:
        task_id = client.task()
        statuses = [client.poll(task_id).status_code for _ in range(40)]

    assert set(statuses) == {200, 500}


def test_chaos_can_let_an_address_die_and_a_poll_gives_another():
    with emulator(knobs={"expire": 0.5}, seed="1") as client:
        task_id = client.task()
        old = client.url(task_id)
        while client.download(old).status_code == 200:
            pass
        new = client.url(task_id)

        assert new != old
        assert client.download(old).status_code == 403


def download_cut(url, **headers):
    """The length of a clip, or of the part asked for, and what of it came before the connection closed."""
    length, got = [], bytearray()

    def receive():
        with httpx.stream("GET", url, headers=headers) as clip:
            length.append(int(clip.headers["Content-Length"]))
            for chunk in clip.iter_raw():
                got.extend(chunk)

    with pytest.raises(httpx.RemoteProtocolError, match="peer closed"):
        receive()
    return length[0], bytes(got)


def test_chaos_can_cut_a_download_which_goes_on_where_it_was():
    large = small_clip() + free_box(bytes(300_000))
    with emulator(knobs={"cut": 1}, clip=large) as client:
        url = client.url(client.task())
        size, first = download_cut(url)
        _, second = download_cut(url, Range=f"bytes={len(first)}-")

    assert len(first) == size // 2
    assert len(second) == (size - len(first)) // 2
    assert large.startswith(first + second)


@every_api
def test_chaos_can_run_out_of_money(api):
    with emulator(knobs={"arrears-after": 2}) as client:
        made_up = [{"request_id": f"request-{number}"} if api.coded else {} for number in range(3)]
        statuses = [client.submit(api, **more).status_code for more in made_up]
        answer = client.submit(api, **({"request_id": "request-4"} if api.coded else {}))

        assert statuses == [200, 200, 429 if api.coded else 402]
        assert answer.json()["error"]["code"] == ("1113" if api.coded else "402")
        assert len(client.audit) == 2


def test_what_goes_wrong_is_said():
    knobs = {"lost-after": 1, "fail": 1}
    with emulator(knobs=knobs) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.submit()
        (task,) = client.audit
        client.finished(task["task_id"])
        said = client.said

    assert said == [
        f"geekai: accepted {task['task_id']}",
        f"geekai: the answer about {task['task_id']} is lost",
        f"geekai: {task['task_id']} is to fail",
    ]


def test_one_seed_lets_the_same_submissions_go_wrong_again():
    def statuses():
        with emulator(knobs={"refuse": 0.5}, seed="7") as client:
            return [client.submit(prompt=f"Fox {number}.").status_code for number in range(20)]

    first = statuses()
    assert set(first) == {200, 400}
    assert statuses() == first
