"""Judge what an answer means, purely from what happened to the request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, TypeAlias

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

# --- what can happen to a request ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """The other end answered.

    `body` is the JSON object that it sent, None where it sent anything else. `code` and `message` are the
    vendor's own words about an error, made fit to show and empty where there are none. `retry_after` is in
    seconds. `emulated` says that no real vendor answered.
    """

    status: int
    body: Mapping[str, Any] | None = None
    code: str = ""
    message: str = ""
    retry_after: float | None = None
    emulated: bool = False

    @property
    def explained(self) -> bool:
        """Whether it has the vendor's own words, and so does not come from something in between."""
        return bool(self.code or self.message)

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        source = f"HTTP {self.status}, code {self.code}" if self.code else f"HTTP {self.status}"
        return f"{self.message} ({source})" if self.message else source


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, though the request may have arrived."""

    reason: str


@dataclass(frozen=True, slots=True)
class NeverLeft:
    """The request certainly did not reach the vendor."""

    reason: str


Happened: TypeAlias = Answer | Lost | NeverLeft


# --- the table ----------------------------------------------------------------------------------------


class _Meaning(Enum):
    NOT_ACCEPTED = auto()
    REFUSED = auto()
    CLOSED = auto()
    DUPLICATE = auto()
    UNCERTAIN = auto()


_KEY_CODES = ("1000", "1001", "1002", "1003", "1004")
_KEY = "check the API key in the environment"
_BALANCE = "top up the account, or check that it is in good standing, then run the command again"
_PARAMETER = "the vendor's words say which parameter it does not take; change it in the manifest"
_ACCESS = "see whether this API key may use the model"
_REWORD = "reword the prompt or use another image: the vendor's content filter stopped this one"
_LIMIT = "the account's limit is used up; run the command again when the vendor resets it"

_BY_CODE: dict[str, tuple[_Meaning, str]] = {
    str(code): (meaning, hint)
    for codes, meaning, hint in (
        (_KEY_CODES, _Meaning.CLOSED, _KEY),
        (range(1110, 1122), _Meaning.CLOSED, _BALANCE),
        (range(1210, 1220), _Meaning.REFUSED, _PARAMETER),
        (range(1220, 1223), _Meaning.REFUSED, _ACCESS),
        ((1230, 1234), _Meaning.UNCERTAIN, ""),
        ((1231,), _Meaning.DUPLICATE, ""),
        ((1300, 1301), _Meaning.REFUSED, _REWORD),
        ((1302, 1303, 1305), _Meaning.NOT_ACCEPTED, ""),
        ((1304, 1308), _Meaning.CLOSED, _LIMIT),
    )
    for code in codes
}

_BY_STATUS: dict[int, tuple[_Meaning, str]] = {
    400: (_Meaning.REFUSED, _PARAMETER),
    401: (_Meaning.CLOSED, _KEY),
    402: (_Meaning.CLOSED, _BALANCE),
    403: (_Meaning.REFUSED, _ACCESS),
    404: (_Meaning.REFUSED, "check the model's name and the provider's base URL"),
    407: (_Meaning.REFUSED, "the proxy in the environment wants a user name and password in its address"),
    408: (_Meaning.UNCERTAIN, ""),
    413: (_Meaning.REFUSED, "use smaller images"),
    429: (_Meaning.NOT_ACCEPTED, ""),
}


def judge(happened: Happened) -> NotAccepted | Refused | Closed | Uncertain | Duplicate:
    """What became of a submission that has no task id to show for it."""
    match happened:
        case NeverLeft(reason):
            return NotAccepted(reason, reached=False)
        case Lost(reason):
            return Uncertain(reason)
        case Answer():
            meaning, _ = _look_up(happened)
            return _verdict(meaning, happened)


def judge_poll(happened: Happened) -> TaskUnknown | PollFailed | PollDenied:
    """What it means that a poll gave no state of the task."""
    match happened:
        case NeverLeft(reason) | Lost(reason):
            return PollFailed(reason)
        case Answer(status=404 | 410):
            return TaskUnknown(str(happened))
        case Answer() if _denies(happened):
            return PollDenied(str(happened), advice(happened))
        case Answer():
            return PollFailed(str(happened), happened.retry_after)


def _denies(answer: Answer) -> bool:
    """Whether this key will not get an answer; a 403 without the vendor's words may be a gateway's whim."""
    return answer.status == 401 or answer.code in _KEY_CODES or (answer.status == 403 and answer.explained)


def advice(answer: Answer) -> str:
    """What the user can do about the vendor's error; empty where there is nothing to say."""
    return _look_up(answer)[1]


def _look_up(answer: Answer) -> tuple[_Meaning, str]:
    # A rate limit and arrears may come under one status: the code knows better.
    if found := _BY_CODE.get(answer.code) or _BY_STATUS.get(answer.status):
        return found
    # A 503 without the vendor's words may come from a proxy that has passed the request on.
    if answer.status == 503 and answer.explained:
        return _Meaning.NOT_ACCEPTED, ""
    return (_Meaning.REFUSED if 400 <= answer.status < 500 else _Meaning.UNCERTAIN), ""


def _verdict(meaning: _Meaning, answer: Answer) -> NotAccepted | Refused | Closed | Uncertain | Duplicate:
    match meaning:
        case _Meaning.NOT_ACCEPTED:
            return NotAccepted(str(answer), answer.retry_after)
        case _Meaning.REFUSED:
            return Refused(str(answer), advice(answer))
        case _Meaning.CLOSED:
            return Closed(str(answer), advice(answer))
        case _Meaning.DUPLICATE:
            return Duplicate(str(answer))
        case _Meaning.UNCERTAIN:
            words = f"{answer}, without a task id" if answer.good else str(answer)
            return Uncertain(f"the vendor's answer leaves it open: {words}")


# --- Retry-After --------------------------------------------------------------------------------------

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{0,9})?")


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date; None where it is nonsense."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - now).total_seconds())
