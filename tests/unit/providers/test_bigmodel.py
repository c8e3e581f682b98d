"""BigModel and Z.AI speak one protocol, in which a request has an id of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.model.attempt import Attempt, State
from cogvid_pipeline.model.wire import (
    Accepted,
    Closed,
    Duplicate,
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
from cogvid_pipeline.providers.bigmodel import BigModel
from cogvid_pipeline.providers.http import Web
from tests.vendor import Accept, Cut, Reply, Vendor, error

PNG = ImageBytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "image/png")
FOX = Submission("request-1", "arrival", 1, "cogvideox-3", "A fox.", (), {})


@pytest.fixture(params=["bigmodel", "zai"])
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    with Vendor(protocol=request.param) as vendor:
        yield vendor
    assert not vendor.complaints


def ask(vendor: Vendor, question: Callable[[BigModel], Awaitable[Any]], *, key: str = "") -> Any:
    """Run what the function asks of an adapter that talks to this vendor."""

    async def run() -> Any:
        async with Web() as web:
            account = BigModel(web, name=vendor.api.name, base_url=vendor.base_url, key=key or vendor.key)
            return await question(account)

    return asyncio.run(run())


def submit(vendor: Vendor, submission: Submission = FOX, **options: str) -> Any:
    return ask(vendor, lambda account: account.submit(submission), **options)


def poll(vendor: Vendor, task_id: str, **options: str) -> Any:
    attempt = Attempt(State.ACCEPTED, "sha256:0", {}, vendor.api.name, vendor.base_url, "r", task_id)
    return ask(vendor, lambda account: account.poll(attempt), **options)


def seal(vendor: Vendor, submission: Submission = FOX, **options: str) -> str:
    async def sealed(account: BigModel) -> str:
        return account.seal(submission)

    return str(ask(vendor, sealed, **options))


def test_what_is_sent_has_the_vendors_names_and_nothing_that_nobody_asked_for(vendor: Vendor) -> None:
    submit(vendor, replace(FOX, images=(PNG,), parameters={"watermark": False, "duration": 10, "fps": 60}))

    assert vendor.accepted[0].images == (PNG.data,)
    body = vendor.accepted[0].body
    assert body.pop("image_url").startswith("data:image/png;base64,")
    assert body == {
        "model": "cogvideox-3",
        "prompt": "A fox.",
        "watermark_enabled": False,
        "duration": 10,
        "fps": 60,
        "request_id": "request-1",
    }


def test_a_first_and_a_last_frame_are_a_list_and_a_missing_prompt_is_left_out(vendor: Vendor) -> None:
    link = ImageLink("https://example.com/a.png")

    submit(vendor, replace(FOX, prompt="", images=(link, PNG)))

    body = vendor.accepted[0].body
    assert "prompt" not in body
    assert body["image_url"][0] == link.url
    assert len(body["image_url"]) == 2


def test_an_accepted_submission_has_the_id_of_its_task(vendor: Vendor) -> None:
    assert submit(vendor) == Accepted(vendor.accepted[0].id)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (1113, 429, Closed),
        (1002, 401, Closed),
        (1304, 429, Closed),
        (1308, 429, Closed),
        (1210, 400, Refused),
        (1214, 400, Refused),
        (1222, 403, Refused),
        (1301, 400, Refused),
        (1302, 429, NotAccepted),
        (1303, 429, NotAccepted),
        (1305, 429, NotAccepted),
        (1305, 503, NotAccepted),
        (1230, 500, Uncertain),
        (1234, 500, Uncertain),
        (1231, 400, Duplicate),
    ],
)
def test_the_vendors_code_counts_before_the_status(
    vendor: Vendor, code: int, status: int, kind: type
) -> None:
    vendor.on_submit(Reply(status, error(status, "the vendor's words", code)))

    verdict = submit(vendor)

    assert isinstance(verdict, kind)
    assert f"the vendor's words (HTTP {status}, code {code})" in verdict.reason


@pytest.mark.parametrize("answer", [Cut(), Reply(504), Reply(200, {"request_id": "request-1"}), Reply(302)])
def test_an_answer_without_a_task_leaves_doubt(vendor: Vendor, answer: Cut | Reply) -> None:
    vendor.on_submit(answer)

    assert isinstance(submit(vendor), Uncertain)


def test_a_repeated_request_id_is_known_to_the_vendor(vendor: Vendor) -> None:
    submit(vendor)

    assert isinstance(submit(vendor), Duplicate)
    assert len(vendor.accepted) == 1


def test_a_task_runs_and_then_has_a_clip(vendor: Vendor) -> None:
    vendor.running_polls = 1
    task_id = submit(vendor).task_id

    assert poll(vendor, task_id) == TaskRunning()
    assert poll(vendor, task_id) == TaskSucceeded(vendor.url(vendor.accepted[0]))


def test_a_failed_task_says_why(vendor: Vendor) -> None:
    vendor.fails = lambda _: {"code": "1301", "message": "unsafe content"}

    state = poll(vendor, submit(vendor).task_id)

    assert isinstance(state, TaskFailed)
    assert state.reason == "unsafe content (code 1301)"
    assert "reword" in state.hint


def test_an_unknown_task_is_said_to_be_unknown(vendor: Vendor) -> None:
    assert isinstance(poll(vendor, "task-of-nobody"), TaskUnknown)
    assert isinstance(poll(vendor, "../videos/generations"), TaskUnknown)
    assert isinstance(poll(vendor, ".."), TaskUnknown)
    assert all(seen.path.startswith(f"{vendor.api.path}/async-result/") for seen in vendor.polls)


def test_polls_with_a_wrong_key_are_in_vain(vendor: Vendor) -> None:
    assert isinstance(poll(vendor, submit(vendor).task_id, key="sk-wrong"), PollDenied)


def find(vendor: Vendor, request_id: str = "request-1") -> Any:
    return ask(vendor, lambda account: account.find(request_id))


def test_a_task_is_found_by_its_request_id_where_the_vendor_gives_results_so(vendor: Vendor) -> None:
    vendor.result_by_request_id = True
    vendor.running_polls = 1
    submit(vendor)

    assert find(vendor) == Accepted("request-1")
    assert find(vendor) == Accepted("request-1", TaskSucceeded(vendor.url(vendor.accepted[0])))
    assert isinstance(poll(vendor, "request-1"), TaskSucceeded)


def test_the_tasks_own_id_is_taken_where_the_answer_has_it(vendor: Vendor) -> None:
    vendor.result_by_request_id = vendor.result_has_id = True
    vendor.running_polls = 1
    submit(vendor)

    assert find(vendor) == Accepted(vendor.accepted[0].id)


def test_what_cannot_be_found_is_said_as_a_poll_would_say_it(vendor: Vendor) -> None:
    submit(vendor)

    assert isinstance(find(vendor), TaskUnknown)
    vendor.result_by_request_id = True
    vendor.on_poll(Reply(500))
    assert isinstance(find(vendor), PollFailed)


def test_a_seal_is_the_same_for_the_very_same_submission_and_for_no_other(vendor: Vendor) -> None:
    with Vendor(protocol=vendor.api.name) as elsewhere:
        others = [
            seal(vendor, replace(FOX, request_id="request-2")),
            seal(vendor, replace(FOX, prompt="A fox!")),
            seal(vendor, replace(FOX, images=(PNG,))),
            seal(vendor, key="sk-of-another-account"),
            seal(elsewhere),
        ]

    assert seal(vendor) == seal(vendor)
    assert len({seal(vendor), *others}) == 6
    assert vendor.key not in seal(vendor)


@pytest.mark.parametrize("name", ["bigmodel", "zai"])
def test_without_a_key_the_variable_is_named(name: str) -> None:
    async def make() -> None:
        async with Web() as web:
            BigModel(web, name=name, base_url="https://api.example.com/v4", key="")

    with pytest.raises(UsageError, match=f"{name.upper()}_API_KEY is not set"):
        asyncio.run(make())


def test_an_answer_lost_after_acceptance_is_in_doubt(vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Cut()))

    assert isinstance(submit(vendor), Uncertain)
    assert len(vendor.accepted) == 1
