"""Storyboards, attempts and locks for tests, with everything that a test does not care about filled in."""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cogvid_pipeline.model.attempt import Attempt, Clip, Lock, LockEntry, State
from cogvid_pipeline.model.plan import Plan, PlanOptions
from cogvid_pipeline.model.shot import Money, Shot, ShotFrame, Storyboard, take_name
from cogvid_pipeline.plan.cost import PriceBook
from cogvid_pipeline.plan.diff import make_plan
from cogvid_pipeline.plan.fingerprint import fingerprint, make_request
from cogvid_pipeline.plan.planner import Facts

DEFAULTS = {"cogvideox-3": {"quality": "speed", "with_audio": False, "fps": 30, "duration": 5}}
ONE_YUAN = Money(Decimal(1), "CNY")


def shot(name: str, prompt: str = "A cat plays.", *, after: str = "", **parameters: Any) -> Shot:
    images = (ShotFrame(after, "last"),) if after else ()
    return Shot(name, "cogvideox-3", prompt, images, parameters)


def storyboard(*shots: Shot, provider: str = "geekai", **fields: Any) -> Storyboard:
    return Storyboard(
        project="test",
        title="",
        provider=provider,
        output="renders",
        shots=shots,
        documented_defaults=DEFAULTS,
        **{"prices": {"cogvideox-3": ONE_YUAN}, **fields},
    )


def clip(content: str = "clip") -> Clip:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Clip(digest, bytes=4, width=1920, height=1080, fps=30.0, duration=5.0, audio=False)


def attempt(
    made_for: Shot, state: State = State.SUCCEEDED, *, after: Clip | None = None, take: int = 1, **fields: Any
) -> Attempt:
    """An attempt at this very take; `after` is the clip of its upstream shot."""
    name = take_name(made_for.name, take)
    request = make_request(made_for, lambda _: after.sha256 if after else None, take)
    done = {"clip": clip(name), "url": "https://static.example.com/a.mp4"}
    return Attempt(
        **{
            "state": state,
            "fingerprint": fingerprint(request, DEFAULTS) or "",
            "request": request,
            "provider": "geekai",
            "base_url": "https://geekai.example.com/api/v1",
            "request_id": f"request-{name}-{state}",
            "task_id": f"task-{name}",
            "cost": ONE_YUAN,
            **(done if state is State.SUCCEEDED else {}),
            **fields,
        }
    )


def locked(**entries: LockEntry | Attempt) -> Lock:
    """A lock whose entries are given whole, or as their result."""
    return Lock(
        {
            name: entry if isinstance(entry, LockEntry) else LockEntry(result=entry)
            for name, entry in entries.items()
        },
        digest="lock-digest",
    )


def plan_for(
    board: Storyboard,
    lock: Lock | None = None,
    *,
    ledger: Mapping[str, Attempt] | None = None,
    over: tuple[Attempt, ...] = (),
    missing: tuple[str, ...] = (),
    replace: tuple[str, ...] = (),
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    repeatable: bool = False,
    rehearsal: str = "",
) -> Plan:
    """The plan, with what the ledger knows by fingerprint and the names of takes whose file is missing.

    `over` is what the ledger has besides, and would not give for a fingerprint any more.
    """
    facts = Facts(
        lock=lock or Lock(),
        known=lambda digests: {one: found for one in digests if (found := (ledger or {}).get(one))},
        recorded={one.request_id: one for one in (*(ledger or {}).values(), *over)}.get,
        displaced=lambda _, take: take in missing,
        repeatable=lambda _: repeatable,
        rehearsal=rehearsal,
    )
    prices = PriceBook(board.provider, board.prices, {})
    return make_plan(board, facts, prices, PlanOptions(select, exclude, replace))
