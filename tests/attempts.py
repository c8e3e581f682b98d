"""Attempts and clips for tests, as a run would record them."""

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cogvid_pipeline.model.attempt import Attempt, Clip, State
from cogvid_pipeline.model.shot import Money


def hex_digest(of: str) -> str:
    """The SHA-256 of a text."""
    return hashlib.sha256(of.encode()).hexdigest()


def make_attempt(of: str = "walk", **changes: Any) -> Attempt:
    """A finished and paid attempt at the request that is called `of`."""
    attempt = Attempt(
        state=State.SUCCEEDED,
        fingerprint=f"sha256:{hex_digest(of)}",
        request={"model": "cogvideox-3", "prompt": "A fox walks. 狐狸", "duration": 5, "with_audio": False},
        provider="geekai",
        base_url="https://geekai.co/api/v1",
        request_id=f"request-{of}",
        task_id=f"task-{of}",
        url=f"https://static.geekai.co/{of}.mp4",
        clip=Clip(hex_digest(f"clip {of}"), 1000, 1920, 1080, 30.0, 5.0, audio=False),
        cost=Money(Decimal("1.0"), "CNY"),
        created_at="2026-11-22T10:00:00.000+00:00",
        completed_at="2026-11-22T10:03:00.000+00:00",
    )
    return replace(attempt, **changes)


def make_unfinished(of: str = "walk", state: State = State.ACCEPTED, **changes: Any) -> Attempt:
    """An attempt that has no clip."""
    unsent = {} if state is State.ACCEPTED else {"task_id": ""}
    return make_attempt(of, state=state, url="", clip=None, completed_at="", **{**unsent, **changes})
