"""The tests' vendor as BigModel and Z.AI: what is theirs alone. The rest is shown with GeekAI."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from tests.vendor import Accept, Cut, Reply, Vendor, coded, error

GOOD = {"model": "cogvideox-3", "prompt": "A fox.", "request_id": "request-1"}


@pytest.fixture(params=["bigmodel", "zai"])
def protocol(request):
    return request.param


def call(vendor, method, path, body=None, key=None):
    """One request by the standard library: status and JSON."""
    connection = http.client.HTTPConnection(urlsplit(vendor.origin).netloc, timeout=30)
    headers = {"Authorization": f"Bearer {key or vendor.key}", "Content-Type": "application/json"}
    target = urlsplit(vendor.base_url).path + path
    try:
        connection.request(method, target, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def submit(vendor, body=GOOD, **kwargs):
    return call(vendor, "POST", "/videos/generations", body, **kwargs)


def poll(vendor, task_id, **kwargs):
    return call(vendor, "GET", f"/async-result/{task_id}", **kwargs)


def test_a_task_is_accepted_runs_and_has_a_clip(protocol):
    with Vendor(protocol=protocol, running_polls=1) as vendor:
        status, accepted = submit(vendor)
        running, done = poll(vendor, accepted["id"])[1], poll(vendor, accepted["id"])[1]
        url = vendor.url(vendor.accepted[0])

    assert (status, accepted) == (
        200,
        {
            "id": vendor.accepted[0].id,
            "model": "cogvideox-3",
            "request_id": "request-1",
            "task_status": "PROCESSING",
        },
    )
    assert running == {"model": "cogvideox-3", "request_id": "request-1", "task_status": "PROCESSING"}
    cover = url.replace(".mp4", ".jpg")
    assert done == {
        **running,
        "task_status": "SUCCESS",
        "video_result": [{"url": url, "cover_image_url": cover}],
    }
    assert not vendor.complaints


def test_a_task_may_come_to_nothing(protocol):
    with Vendor(protocol=protocol, fails=lambda _: {"code": "1301", "message": "unsafe"}) as vendor:
        answer = poll(vendor, submit(vendor)[1]["id"])[1]

    assert (answer["task_status"], answer["error"]["code"]) == ("FAIL", "1301")


def test_a_repeated_request_id_accepts_nothing(protocol):
    with Vendor(protocol=protocol) as vendor:
        vendor.on_submit(Accept(then=Cut()))
        with pytest.raises(http.client.RemoteDisconnected):
            submit(vendor)
        again = submit(vendor)
        other = submit(vendor, {**GOOD, "request_id": "request-2"})

    assert again == (400, error(400, "You already have a request: request-1", "1231"))
    assert other[0] == 200
    assert [task.request_id for task in vendor.accepted] == ["request-1", "request-2"]
    assert not vendor.complaints


def test_the_answer_to_a_repeated_request_id_can_be_lost_too():
    with Vendor(protocol="zai") as vendor:
        vendor.on_submit(Accept(), Accept(then=Cut()), Reply(504))
        submit(vendor)
        with pytest.raises(http.client.RemoteDisconnected):
            submit(vendor)

        assert submit(vendor)[0] == 504
        assert submit(vendor)[1]["error"]["code"] == "1231"
        assert len(vendor.accepted) == 1


def test_a_request_id_is_made_up_where_none_is_given(protocol):
    body = {"model": "cogvideox-3", "prompt": "A fox."}
    with Vendor(protocol=protocol) as vendor:
        one, other = submit(vendor, body)[1], submit(vendor, body)[1]

    assert one["request_id"]
    assert one["request_id"] != other["request_id"]


def test_results_are_there_under_the_request_id_only_where_a_test_says_so(protocol):
    with Vendor(protocol=protocol) as vendor:
        submit(vendor)
        assert poll(vendor, "request-1")[0] == 404
        vendor.result_by_request_id = True
        by_request = poll(vendor, "request-1")
        vendor.result_has_id = True
        named = poll(vendor, "request-1")[1]

    assert by_request[0] == 200
    assert "id" not in by_request[1]
    assert named == {"id": vendor.accepted[0].id, **by_request[1]}


def test_errors_come_with_the_vendors_codes(protocol):
    with Vendor(protocol=protocol) as vendor:
        vendor.on_submit(coded("1113"), coded("1302", **{"Retry-After": "1"}), Reply(429), Reply(502))
        answers = [submit(vendor) for _ in range(4)]

        assert [(status, answer["error"]["code"]) for status, answer in answers] == [
            (429, "1113"), (429, "1302"), (429, "1302"), (502, "502"),
        ]  # fmt: skip
        assert submit(vendor, key="other")[1]["error"]["code"] == "1000"
        assert submit(vendor, {**GOOD, "async": True})[1]["error"]["code"] == "1214"
        assert poll(vendor, "unheard-of")[0] == 404
        assert call(vendor, "GET", "/videos/x")[1]["error"]["code"] == "1222"
        assert not vendor.accepted


def test_the_environment_names_the_vendor(protocol):
    with Vendor(protocol=protocol) as vendor:
        assert vendor.environment == {
            f"{protocol.upper()}_BASE_URL": f"{vendor.origin}/api/paas/v4",
            f"{protocol.upper()}_API_KEY": vendor.key,
        }


def test_the_pictures_of_a_submission_can_be_looked_at(protocol):
    picture = "data:image/png;base64,iVBORw0KGgo="
    with Vendor(protocol=protocol) as vendor:
        submit(vendor, {**GOOD, "image_url": [picture, "https://example.com/b.png"]})

    assert vendor.accepted[0].images == (b"\x89PNG\r\n\x1a\n",)
