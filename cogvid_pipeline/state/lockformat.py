"""Turn entries of the lock into JSON data and back, trusting nothing that is read."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from decimal import Decimal
from functools import lru_cache
from pathlib import PurePosixPath
from sys import intern
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from cogvid_pipeline.model.attempt import Attempt, Clip, Labelled, LockEntry, State
from cogvid_pipeline.model.shot import Money

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}(@[1-9][0-9]{0,5})?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")

_SCALARS = frozenset({str, int, float, bool})
_BEYOND = 10**15  # from here on a number in JSON is not the same for every reader

# What is told apart of an attempt that has no result yet; the ledger knows it more exactly.
_PENDING = {"submitted": State.ACCEPTED, "failed": State.FAILED, "held": State.HELD}

T = TypeVar("T")


class Malformed(Exception):
    """The data is no entry of a lock; `path` leads to what is wrong in it."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def read_entry(name: str, data: Any) -> LockEntry:
    """The entry that JSON data describes. Raises Malformed; fields that are not known are left out."""
    if not _NAME.fullmatch(name):
        raise Malformed("is not a name of a take, such as walk or walk@2")
    fields = _object(data)
    status = fields.get("status")
    result, previous = _result(fields, "result"), _result(fields, "previous")
    copies = _labelled(fields, "result"), _labelled(fields, "previous")
    if "pending" not in fields:
        if status != "succeeded" or result is None:
            raise Malformed("has no pending attempt and no result that succeeded", "status")
        return LockEntry(result, None, previous, *copies)
    state = _PENDING.get(status) if isinstance(status, str) else None
    if state is None:
        raise Malformed(f"is not one of {', '.join(_PENDING)}, although an attempt is pending", "status")
    pending = _part(fields, "pending", lambda data: _attempt(data, state))
    return LockEntry(result, pending, previous, *copies)


def is_for(name: str, data: Mapping[str, Any]) -> bool:
    """Whether the path of a well-formed entry's clip, if it has one, is that of this take."""
    path = data["result"]["clip"].get("path") if "result" in data else None
    return path is None or PurePosixPath(str(path)).name == f"{name}.mp4"


def entry_data(name: str, entry: LockEntry, output: str) -> dict[str, Any]:
    """The entry as JSON data; `output` is the folder, relative to the manifest, that clips are in.

    Addresses lose what may be secret in them: user, query and fragment.
    """
    data: dict[str, Any] = {"status": entry.status}
    if entry.result:
        data["result"] = _attempt_data(entry.result, path=str(PurePosixPath(output, f"{name}.mp4")))
        if entry.labelled:
            data["result"]["clip"]["labelled"] = asdict(entry.labelled)
    if entry.pending:
        data["pending"] = _attempt_data(entry.pending)
    if entry.previous:
        data["previous"] = _attempt_data(entry.previous)
        if entry.previous_labelled:
            data["previous"]["clip"]["labelled"] = asdict(entry.previous_labelled)
    return data


def _attempt_data(attempt: Attempt, path: str = "") -> dict[str, Any]:
    """The attempt without what is empty; `path` is where its clip lies, if it has a readable name."""
    data = {
        "fingerprint": attempt.fingerprint,
        "request": dict(attempt.request),
        "provider": attempt.provider,
        "base_url": _without_secrets(attempt.base_url),
        "task_id": attempt.task_id,
        "request_id": attempt.request_id,
        "url": _without_secrets(attempt.url),
        "clip": _clip_data(attempt.clip, path) if attempt.clip else None,
        "cost": _money_data(attempt.cost) if attempt.cost else None,
        "created_at": attempt.created_at,
        "completed_at": attempt.completed_at,
        "error": attempt.error,
    }
    return {name: value for name, value in data.items() if value not in ("", None)}


def _clip_data(clip: Clip, path: str) -> dict[str, Any]:
    data = {
        "sha256": clip.sha256,
        "bytes": clip.bytes,
        "width": clip.width,
        "height": clip.height,
        "fps": int(clip.fps) if clip.fps == int(clip.fps) else clip.fps,
        "duration": float(clip.duration),
        "audio": clip.audio,
    }
    return {"path": path, **data} if path else data


def _money_data(money: Money) -> dict[str, Any]:
    return {"amount": float(money.amount), "currency": money.currency}


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""  # what cannot be taken apart cannot be known to hold no secret
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _object(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise Malformed("is not an object")
    return data


def _result(fields: Mapping[str, Any], name: str) -> Attempt | None:
    if name not in fields:
        return None
    attempt = _part(fields, name, lambda data: _attempt(data, State.SUCCEEDED))
    if attempt.clip is None:
        raise Malformed("is missing", name, "clip")
    return attempt


def _part(fields: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> T:
    """One field as `read` makes it out; what is wrong in it is reported under its name."""
    try:
        return read(fields.get(name))
    except Malformed as error:
        raise Malformed(error.message, name, *error.path) from None


def _attempt(data: Any, state: State) -> Attempt:
    """The attempt; `state` is what the entry's status says of it."""
    fields = _object(data)
    return Attempt(
        state,
        _match(_FINGERPRINT, fields, "fingerprint"),
        _part(fields, "request", _request),
        intern(_text(fields, "provider", required=True)),
        intern(_text(fields, "base_url")),
        _text(fields, "request_id", required=True),
        _text(fields, "task_id", required=state is State.ACCEPTED),
        _text(fields, "url"),
        _part(fields, "clip", _clip) if "clip" in fields else None,
        _part(fields, "cost", _money) if "cost" in fields else None,
        _text(fields, "created_at"),
        _text(fields, "completed_at"),
        _text(fields, "error"),
    )


def _request(data: Any) -> Mapping[str, Any]:
    """A request names its model; images are a list of text, and all else is text, a number, true or false."""
    request: Mapping[str, Any] = _object(data)
    _text(request, "model", required=True)
    _text(request, "prompt")
    for name, value in request.items():
        if name == "image":
            if not isinstance(value, list) or any(type(item) is not str for item in value):
                raise Malformed("is not a list of text", name)
        elif type(value) not in _SCALARS:
            raise Malformed("is not text, a number, true or false", name)
    return request


def _clip(data: Any) -> Clip:
    fields = _object(data)
    return Clip(
        _match(_DIGEST, fields, "sha256"),
        _whole(fields, "bytes"),
        _whole(fields, "width"),
        _whole(fields, "height"),
        float(_number(fields, "fps")),
        float(_number(fields, "duration")),
        _flag(fields, "audio"),
    )


def _labelled(fields: Mapping[str, Any], name: str) -> Labelled | None:
    """What was made of the clip of a well-formed result."""
    clip = fields[name]["clip"] if name in fields else {}
    if "labelled" not in clip:
        return None
    try:
        return _part(clip, "labelled", _labelled_clip)
    except Malformed as error:
        raise Malformed(error.message, name, "clip", *error.path) from None


def _labelled_clip(data: Any) -> Labelled:
    fields = _object(data)
    return Labelled(_match(_DIGEST, fields, "sha256"), _whole(fields, "bytes"), _flag(fields, "signed"))


def _money(data: Any) -> Money:
    fields = _object(data)
    return _same_money(_number(fields, "amount"), _text(fields, "currency", required=True))


@lru_cache
def _same_money(amount: float, currency: str) -> Money:
    """One object for all the entries that cost the same."""
    return Money(Decimal(str(amount)), currency)


def _text(fields: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    text = fields.get(name, "")
    if not isinstance(text, str):
        raise Malformed("is not text", name)
    if required and not text:
        raise Malformed("is missing", name)
    return text


def _match(pattern: re.Pattern[str], fields: Mapping[str, Any], name: str) -> str:
    text = _text(fields, name, required=True)
    if not pattern.fullmatch(text):
        raise Malformed(f"does not have the form {pattern.pattern}", name)
    return text


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    flag = fields.get(name)
    if not isinstance(flag, bool):
        raise Malformed("is not true or false", name)
    return flag


def _whole(fields: Mapping[str, Any], name: str) -> int:
    number = fields.get(name)
    if not isinstance(number, int) or not 0 <= number < _BEYOND or number is True or number is False:
        raise Malformed("is not a whole number from 0 up", name)
    return number


def _number(fields: Mapping[str, Any], name: str) -> int | float:
    number = fields.get(name)
    if not isinstance(number, (int, float)) or not 0 <= number < _BEYOND or isinstance(number, bool):
        raise Malformed("is not a number from 0 up", name)
    return number
