import asyncio
import dataclasses

import pytest

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    ImageBytes,
    ImageLink,
    NotAccepted,
    PollDenied,
    PollFailed,
    Refused,
    Submission,
    TaskFailed,
    TaskRunning,
    TaskSucceeded,
    TaskUnknown,
    Uncertain,
)
from cogvid_pipeline.providers.geekai import GeekAI
from cogvid_pipeline.providers.http import Web
from tests.vendor import Accept, Cut, Reply, Vendor, error

PNG = ImageBytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "image/png")
JPEG = ImageBytes(b"\xff\xd8\xff" + bytes(range(256)), "image/jpeg")
FOX = Submission("request-1", "arrival", 1, "cogvideox-3", "A fox.", (), {})


@pytest.fixture
def vendor():
    with Vendor() as vendor:
        yield vendor
    assert not vendor.complaints


def ask(vendor, question, *, key=None):
    """Run what the function asks of a GeekAI that talks to this vendor."""

    async def run():
        async with Web() as web:
            return await question(GeekAI(web, base_url=vendor.base_url, key=key or vendor.key))

    return asyncio.run(run())


def submit(vendor, submission=FOX, **kwargs):
    return ask(vendor, lambda geekai: geekai.submit(submission), **kwargs)


def attempt(task_id):
    return Attempt(State.ACCEPTED, "sha256:0", {}, "geekai", "https://geekai.co/api/v1", "r", task_id)


def poll(vendor, task_id=None, **kwargs):
    task_id = vendor.accepted[-1].id if task_id is None else task_id
    return ask(vendor, lambda geekai: geekai.poll(attempt(task_id)), **kwargs)


def sent(vendor, **fields):
    submit(vendor, dataclasses.replace(FOX, **fields))
    return vendor.posts[-1].body


# --- what is sent ---


def test_a_prompt_is_sent_with_async_and_nothing_that_nobody_asked_for(vendor):
    assert sent(vendor) == {"model": "cogvideox-3", "prompt": "A fox.", "async": True}


def test_parameters_are_sent_as_given_under_the_apis_own_names(vendor):
    parameters = {
        "quality": "quality",
        "with_audio": True,
        "size": "1920x1080",
        "fps": 30,
        "duration": 10,
        "watermark": False,
    }

    assert sent(vendor, prompt="狐狸", parameters=parameters) == {
        "model": "cogvideox-3",
        "prompt": "狐狸",
        **parameters,
        "async": True,
    }


def test_a_shot_without_a_prompt_sends_none(vendor):
    assert "prompt" not in sent(vendor, prompt="", images=(PNG,))


def test_one_image_is_a_string_byte_for_byte(vendor):
    body = sent(vendor, images=(PNG,))

    assert body["image"].startswith("data:image/png;base64,")
    assert vendor.accepted[-1].images == (PNG.data,)


def test_two_images_are_a_list_of_the_first_and_the_last(vendor):
    body = sent(vendor, images=(ImageLink("https://example.com/a.png"), JPEG))

    assert body["image"][0] == "https://example.com/a.png"
    assert body["image"][1].startswith("data:image/jpeg;base64,")


def test_polls_and_submissions_carry_the_key(vendor):
    submit(vendor)
    poll(vendor)

    assert [seen.headers["authorization"] for seen in vendor.requests] == [f"Bearer {vendor.key}"] * 2


# --- what an answer to a submission means ---


def test_an_accepted_submission_has_its_task_id(vendor):
    assert submit(vendor) == Accepted(vendor.accepted[0].id)


def test_an_answer_after_blank_lines_in_chunks_is_read(vendor):
    vendor.on_submit(Accept(then=Reply(blank_lines=5, chunked=True)))

    assert submit(vendor) == Accepted(vendor.accepted[0].id)


@pytest.mark.parametrize("reference_shapes", [False, True])
def test_an_answer_that_already_carries_the_clip_says_so(reference_shapes):
    with Vendor(reference_shapes=reference_shapes) as vendor:
        vendor.on_submit(Accept(then=Reply(body=vendor.finished)))

        task, verdict = vendor.accepted, submit(vendor)

    assert verdict == Accepted(task[0].id, TaskSucceeded(vendor.url(task[0])))


def test_an_answer_that_already_carries_the_failure_says_so():
    with Vendor(fails=lambda _: {"code": 1301, "message": "unsafe"}) as vendor:
        vendor.on_submit(Accept(then=Reply(body=vendor.finished)))
        verdict = submit(vendor)

    assert verdict.done.reason == "unsafe (code 1301)"
    assert "reword the prompt" in verdict.done.hint


@pytest.mark.parametrize(
    "body",
    [
        {"task_id": "t-1"},
        {"task_id": "t-1", "task_status": "queued"},
        {"task_id": "t-1", "task_status": None, "video_result": None},
        {"task_id": "t-1", "task_status": "succeed", "video_result": []},
        {"task_id": "t-1", "task_status": "running", "error": None},
    ],
)
def test_a_task_id_alone_is_acceptance(vendor, body):
    vendor.on_submit(Accept(then=Reply(body=body)))

    assert submit(vendor) == Accepted("t-1")


def test_a_task_id_may_be_a_number(vendor):
    vendor.on_submit(Accept(then=Reply(201, {"task_id": 123})))

    assert submit(vendor) == Accepted("123")


@pytest.mark.parametrize("mark", ["0", "1"])
def test_the_emulator_is_known_by_its_mark(mark):
    with Vendor(headers={"X-Cogvid-Emulator": mark}) as vendor:
        emulated = mark == "1"

        assert submit(vendor).emulated is emulated
        assert poll(vendor).emulated is emulated


@pytest.mark.parametrize(
    "then",
    [
        Cut(),
        Reply(408),
        Reply(500),
        Reply(502, b"<html>bad gateway</html>"),
        Reply(503, b"<html>away</html>"),
        Reply(504),
        Reply(524, b""),
        Reply(302, b"", {"Location": "/elsewhere"}),
        Reply(200, b""),
        Reply(200, b"<html></html>"),
        Reply(200, {}),
        Reply(200, {"task_status": "pending"}),
        Reply(200, {"task_id": None}),
        Reply(200, {"task_id": True}),
        Reply(200, {"task_id": ""}),
        Reply(200, {"task_id": ".."}),
        Reply(200, {"task_id": "a b"}),
        Reply(200, {"task_id": "a\u2028"}),
        Reply(200, {"task_id": "x" * 257}),
        Reply(200, {"task_id": ["t"]}),
        Reply(500, {"task_id": "t"}),
        Reply(200, error(200, code="1234")),
    ],
)
def test_an_answer_that_leaves_doubt_is_uncertain(vendor, then):
    vendor.on_submit(Accept(then=then))

    assert isinstance(submit(vendor), Uncertain)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(400), Refused),
        (Reply(413), Refused),
        (Reply(200, error(200, code=1301)), Refused),
        (Reply(401), Closed),
        (Reply(402), Closed),
        (Reply(429, error(429, code="1113")), Closed),
        (Reply(429), NotAccepted),
        (Reply(503), NotAccepted),
        (Cut(), Uncertain),
    ],
)
def test_a_submission_that_was_not_accepted_is_judged_by_the_table(vendor, reply, verdict):
    vendor.on_submit(reply)

    assert type(submit(vendor)) is verdict
    assert not vendor.accepted


def test_a_wrong_key_closes_the_shop_without_showing_it(vendor):
    verdict = submit(vendor, key="sk-wrong")

    assert verdict == Closed(
        "the API key is not valid (HTTP 401, code 401)", "check the API key in the environment"
    )


def test_a_vendor_that_is_not_there_was_not_reached():
    with Vendor() as vendor:
        pass

    assert submit(vendor).reached is False
    assert isinstance(poll(vendor, "t"), PollFailed)


# --- what a poll says ---


def test_a_task_is_polled_until_it_has_a_clip():
    with Vendor(running_polls=1) as vendor:
        submit(vendor)

        assert poll(vendor) == TaskRunning()
        assert poll(vendor) == TaskSucceeded(vendor.url(vendor.accepted[0]))


def test_the_reference_pages_shapes_are_read():
    with Vendor(reference_shapes=True) as vendor:
        submit(vendor)

        assert poll(vendor) == TaskSucceeded(vendor.url(vendor.accepted[0]))


def test_a_task_that_failed_has_the_vendors_words_and_our_advice():
    with Vendor(fails=lambda _: {"code": "1301", "message": "unsafe"}) as vendor:
        submit(vendor)
        state = poll(vendor)

    assert state.reason == "unsafe (code 1301)"
    assert "reword" in state.hint


CLIP = {"url": "https://static.example.com/a.mp4"}
DONE = TaskSucceeded(CLIP["url"])


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"task_status": "pending"}, TaskRunning()),
        ({"task_status": "RUNNING"}, TaskRunning()),
        ({"task_status": "running", "video_result": [CLIP]}, TaskRunning()),
        ({"task_status": "succeed", "video_result": [CLIP]}, DONE),
        ({"task_status": "success", "video_result": CLIP}, DONE),
        ({"task_status": "SUCCESS", "video_result": [None, {}, CLIP]}, DONE),
        ({"video_result": [CLIP]}, DONE),
        ({"task_status": "failed"}, TaskFailed("the vendor gives no reason")),
        ({"task_status": "failed", "error": {"message": "broken"}}, TaskFailed("broken")),
    ],
)
def test_the_states_of_a_task(vendor, body, state):
    submit(vendor)
    vendor.on_poll(Reply(body=body))

    assert poll(vendor) == state


@pytest.mark.parametrize(
    "reply",
    [
        Cut(),
        Reply(500),
        Reply(502, b"<html>"),
        Reply(429),
        Reply(302, b"", {"Location": "/elsewhere"}),
        Reply(body=b""),
        Reply(body={}),
        Reply(body={"task_status": "mystery"}),
        Reply(body={"task_status": ["succeed"]}),
        Reply(body={"task_status": "mystery", "video_result": [CLIP]}),
        Reply(body={"task_status": "succeed"}),
        Reply(body={"task_status": "succeed", "video_result": "https://example.com/a.mp4"}),
        Reply(body={"task_status": "succeed", "video_result": [{"url": None}]}),
        Reply(body={"task_status": "succeed", "video_result": [{"url": "file:///etc/passwd"}]}),
        Reply(body={"task_status": "succeed", "video_result": [{"url": "http://a/\n"}]}),
        Reply(body={"task_status": "succeed", "video_result": [{"url": "http://a/" + "x" * 9000}]}),
        Reply(body={"error": {"code": "1234", "message": "network"}}),
    ],
)
def test_a_poll_without_a_usable_answer_is_asked_again(vendor, reply):
    submit(vendor)
    vendor.on_poll(reply)

    assert isinstance(poll(vendor), PollFailed)


def test_a_poll_with_a_wrong_key_is_denied_with_advice(vendor):
    state = poll(vendor, "t", key="sk-wrong")

    assert isinstance(state, PollDenied)
    assert "API key" in state.hint


def test_a_task_that_the_vendor_does_not_know_is_unknown(vendor):
    submit(vendor)
    vendor.forget(vendor.accepted[0].id)

    assert poll(vendor) == TaskUnknown("there is no such task (HTTP 404, code 404)")


@pytest.mark.parametrize("task_id", ["a/../b", "a?b=c", "ä%20", "%2e%2e", "..."])
def test_a_task_id_is_quoted_into_one_segment_of_the_path(vendor, task_id):
    assert isinstance(poll(vendor, task_id), TaskUnknown)
    (seen,) = vendor.polls
    assert seen.path.count("/") == 4
    assert not seen.query


@pytest.mark.parametrize("task_id", ["", ".", "..", "a b", "a\n", "\ud800", "x" * 257])
def test_what_cannot_be_a_task_id_is_not_even_asked_for(vendor, task_id):
    assert isinstance(poll(vendor, task_id), TaskUnknown)
    assert not vendor.requests


# --- what it is made of ---


def test_a_key_or_an_address_that_cannot_be_one_is_a_mistake_of_the_users():
    async def make(**settings):
        async with Web() as web:
            return GeekAI(web, **{"base_url": "https://geekai.co/api/v1", "key": "sk-1", **settings})

    assert asyncio.run(make(base_url="https://geekai.co/api/v1/")).base_url == "https://geekai.co/api/v1"
    with pytest.raises(UsageError, match="GEEKAI_API_KEY is not set"):
        asyncio.run(make(key=""))
    with pytest.raises(UsageError, match="GEEKAI_BASE_URL"):
        asyncio.run(make(base_url="geekai.co"))
    assert "sk-1" not in repr(asyncio.run(make()))
