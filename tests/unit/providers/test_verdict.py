from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cogvid_pipeline.model.wire import (
    Closed,
    Duplicate,
    NotAccepted,
    PollDenied,
    PollFailed,
    Refused,
    TaskUnknown,
    Uncertain,
)
from cogvid_pipeline.providers.verdict import Answer, Lost, NeverLeft, judge, judge_poll, retry_after

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
ERROR_BODY = {"error": {"code": "x", "message": "words"}}


def own(status, code=""):
    """An answer in the vendor's own words."""
    return Answer(status, ERROR_BODY, code, "words")


# --- what each answer means ---


def test_a_request_that_never_left_was_not_accepted_and_reached_nobody():
    assert judge(NeverLeft("no route")) == NotAccepted("no route", reached=False)


def test_a_rate_limit_is_not_accepted_whoever_says_so():
    assert judge(own(429)) == NotAccepted("words (HTTP 429)")
    assert judge(Answer(429)) == NotAccepted("HTTP 429")


def test_the_vendors_own_503_is_not_accepted():
    assert judge(own(503)) == NotAccepted("words (HTTP 503)")


def test_a_503_without_the_vendors_words_is_uncertain():
    assert isinstance(judge(Answer(503)), Uncertain)
    assert isinstance(judge(Answer(503, {"message": "upstream is away"})), Uncertain)


def test_retry_after_goes_with_what_was_not_accepted():
    assert judge(Answer(429, retry_after=0.5)) == NotAccepted("HTTP 429", 0.5)
    assert judge(Answer(503, code="1305", retry_after=7)) == NotAccepted("HTTP 503, code 1305", 7)


@pytest.mark.parametrize(
    "status", [400, 403, 404, 405, 406, 407, 409, 410, 413, 415, 418, 422, 425, 451, 499]
)
def test_a_bad_request_is_refused(status):
    verdict = judge(own(status))

    assert isinstance(verdict, Refused)
    assert verdict.reason == f"words (HTTP {status})"


@pytest.mark.parametrize(("status", "advice"), [(401, "API key"), (402, "top up")])
def test_a_wrong_key_and_an_empty_account_close_the_shop(status, advice):
    verdict = judge(own(status))

    assert isinstance(verdict, Closed)
    assert advice in verdict.hint


@pytest.mark.parametrize(
    "status", [101, 200, 201, 202, 204, 301, 302, 307, 308, 408, 500, 501, 502, 504, 520, 522, 524, 599, 999]
)
def test_everything_else_is_uncertain(status):
    assert isinstance(judge(Answer(status)), Uncertain)
    assert isinstance(judge(own(status)), Uncertain)


def test_a_lost_answer_is_uncertain():
    assert judge(Lost("the connection broke")) == Uncertain("the connection broke")


CODES = {
    Closed: [*range(1000, 1005), *range(1110, 1122), 1304, 1308],
    Refused: [*range(1210, 1223), 1300, 1301],
    NotAccepted: [1302, 1303, 1305],
    Uncertain: [1230, 1234],
    Duplicate: [1231],
}


@pytest.mark.parametrize(
    ("code", "verdict"), [(str(code), verdict) for verdict, codes in CODES.items() for code in codes]
)
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500, 503])
def test_the_vendors_code_counts_before_the_status(status, code, verdict):
    assert type(judge(own(status, code))) is verdict


@pytest.mark.parametrize(
    "code", ["999", "1005", "1109", "1122", "1209", "1223", "1306", "invalid_request", "429"]
)
def test_a_code_that_is_not_in_the_table_leaves_it_to_the_status(code):
    assert isinstance(judge(own(400, code)), Refused)
    assert isinstance(judge(own(429, code)), NotAccepted)
    assert isinstance(judge(own(500, code)), Uncertain)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (own(400), "parameter"),
        (own(400, "1214"), "parameter"),
        (own(400, "1301"), "reword the prompt"),
        (own(403), "may use the model"),
        (own(404), "model's name"),
        (own(407), "proxy"),
        (own(413), "smaller images"),
        (own(429, "1113"), "top up"),
        (own(429, "1304"), "limit"),
        (own(500, "1001"), "API key"),
    ],
)
def test_a_refusal_says_what_to_do(answer, advice):
    verdict = judge(answer)

    assert isinstance(verdict, Refused | Closed)
    assert advice in verdict.hint


def test_an_answer_in_words_has_the_vendors_message_the_status_and_the_code():
    assert str(Answer(400, code="1214", message="size is odd")) == "size is odd (HTTP 400, code 1214)"
    assert str(Answer(504)) == "HTTP 504"


# --- polls ---


@pytest.mark.parametrize("happened", [Lost("broken"), NeverLeft("broken")])
def test_a_poll_without_an_answer_is_asked_again(happened):
    assert judge_poll(happened) == PollFailed("broken")


@pytest.mark.parametrize("answer", [own(401), Answer(401), own(200, "1001"), own(403)])
def test_a_poll_with_a_wrong_key_is_denied_with_advice(answer):
    verdict = judge_poll(answer)

    assert isinstance(verdict, PollDenied)
    assert verdict.hint


@pytest.mark.parametrize("status", [404, 410])
def test_a_poll_for_a_task_that_is_not_there_says_so(status):
    assert judge_poll(own(status)) == TaskUnknown(f"words (HTTP {status})")


@pytest.mark.parametrize(
    "answer",
    [Answer(200), Answer(302), Answer(403), own(402), own(429, "1113"), own(500), Answer(502), own(503)],
)
def test_a_poll_that_went_wrong_in_any_other_way_is_asked_again(answer):
    assert judge_poll(answer) == PollFailed(str(answer))


def test_a_poll_keeps_the_vendors_wish_to_be_left_alone():
    assert judge_poll(Answer(429, retry_after=2.5)) == PollFailed("HTTP 429", 2.5)


# --- Retry-After ---


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 3 ", 3),
        ("0.5", 0.5),
        ("1.", 1),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sunday, 22-Nov-26 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30),
        ("Sun, 22 Nov 2026 14:00:30 +0200", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after(value, now=NOW) == seconds
    assert retry_after(value, now=NOW.astimezone(timezone(timedelta(hours=8)))) == seconds


@pytest.mark.parametrize(
    "value",
    [None, "", " ", "soon", "-1", "inf", "nan", "1e9", "٣", "0x10", "1 2", "9" * 400, "Sun, 99 Foo 2026"],
)
def test_a_retry_after_that_makes_no_sense_is_ignored(value):
    assert retry_after(value, now=NOW) is None


@given(st.text() | st.from_regex(r"\w{3}, \d{1,3} (Jan|Feb) \d{1,6} \d\d:\d\d:\d\d [+-]\d{1,9}"))
@example("Sun, 22 Nov 0001 00:00:00 +2359")
@example("Sun, 22 Nov 9999 23:59:59 -2359")
@example("Sun, 22 Nov 2026 12:00:00 +99999999999999999999")
def test_no_retry_after_is_a_traceback(value):
    seconds = retry_after(value, now=NOW)

    assert seconds is None or seconds >= 0
