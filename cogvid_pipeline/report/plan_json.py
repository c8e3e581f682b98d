"""A plan as the JSON document that scripts read."""

from typing import Any

from cogvid_pipeline.model.plan import Action, Change, Forget, Paying, Plan, changes_of
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.json_text import FORMAT_VERSION, json_text


def plan_json(plan: Plan) -> str:
    """The text of `plan --format json`, described by schemas/plan.schema.json."""
    return json_text(plan_document(plan))


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
        name, _, take = action.name.partition("@")
        newest = action.entry.pending or action.entry.result
        return {
            "shot": name,
            "take": int(take or 1),
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
        "take": action.take,
        "action": action.kind,
        "reason": action.reason,
        "changes": [_change(change) for change in changes_of(action)],
        "cost": cost,
        "request": dict(action.request),
        "fingerprint": action.fingerprint,
    }


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after}
