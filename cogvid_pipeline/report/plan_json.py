"""A plan as the JSON document that scripts read."""

import json
from typing import Any

from cogvid_pipeline.model.plan import Action, Change, Fetch, Forget, Generate, Paying, Plan
from cogvid_pipeline.model.shot import Money, split_take

FORMAT_VERSION = "1.0"


def plan_json(plan: Plan) -> str:
    """The text of `plan --format json`, described by schemas/plan.schema.json."""
    return json.dumps(plan_document(plan), ensure_ascii=False, indent=2) + "\n"


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON data. A cost of null is one that is not known."""
    return {
        "format_version": FORMAT_VERSION,
        "provider": plan.provider,
        "actions": [_action(action, plan.currency) for action in plan.actions],
        "summary": dict(sorted(plan.summary.items())),
        "cost": money_document(plan.cost),
        "lock_digest": plan.lock_digest,
        "options": {"replace": list(plan.options.replace)},
        "warnings": list(plan.warnings),
    }


def money_document(money: Money | None) -> dict[str, Any] | None:
    """An amount as JSON data, or null."""
    return {"amount": float(money.amount), "currency": money.currency} if money else None


def _action(action: Action, currency: str) -> dict[str, Any]:
    free = {"amount": 0.0, "currency": currency}
    if isinstance(action, Forget):
        name, take = split_take(action.name)
        newest = action.entry.pending or action.entry.result
        return {
            "shot": name,
            "take": take,
            "action": action.kind,
            "reason": action.reason,
            "changes": [],
            "cost": free,
            "request": dict(newest.request) if newest else None,
            "fingerprint": newest.fingerprint if newest else None,
        }
    cost = money_document(action.cost) if isinstance(action, Paying) else free
    return {
        "shot": action.shot.name,
        "take": action.take.number,
        "action": action.kind,
        "reason": action.reason,
        "changes": [_change(change) for change in changes_of(action)],
        "cost": cost,
        "request": dict(action.request),
        "fingerprint": action.fingerprint,
        **({"refused": True} if action.refused else {}),
    }


def changes_of(action: Action) -> tuple[Change, ...]:
    """The fields that an action is about."""
    return () if isinstance(action, Generate | Fetch | Forget) else action.changes


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after}
