"""A plan as the JSON document that scripts read."""

from collections.abc import Mapping
from typing import Any

from cogvid_pipeline.model.plan import (
    Action,
    BudgetUse,
    Change,
    Forget,
    Paying,
    Plan,
    PlanInputs,
    PlanOptions,
    changes_of,
)
from cogvid_pipeline.model.shot import Money, split_take
from cogvid_pipeline.report.json_text import FORMAT_VERSION, json_text

NO_INPUTS = PlanInputs()


def plan_json(plan: Plan, inputs: PlanInputs = NO_INPUTS) -> str:
    """The text of `plan --format json` and of saved plans, described by schemas/plan.schema.json."""
    return json_text(plan_document(plan, inputs))


def plan_document(plan: Plan, inputs: PlanInputs = NO_INPUTS) -> dict[str, Any]:
    """The plan as JSON data, with what is needed to plan again. A cost of null is one that is not known."""
    return {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "provider": plan.provider,
        "actions": [_action(action, plan.currency) for action in plan.actions],
        "summary": dict(sorted(plan.summary.items())),
        "cost": money_document(plan.cost),
        "budget": _budget(plan.budget),
        "lock_digest": plan.lock_digest,
        "options": {
            "select": list(plan.options.select),
            "exclude": list(plan.options.exclude),
            "replace": list(plan.options.replace),
            **({"remote": True} if plan.options.remote else {}),
        },
        "inputs": {
            "manifest": inputs.manifest,
            "environment": inputs.environment,
            "provider": inputs.provider,
            "variables": dict(inputs.variables),
            "variable_files": list(inputs.variable_files),
        },
        "warnings": list(plan.warnings),
    }


def options_of(document: Mapping[str, Any]) -> PlanOptions:
    """What a saved plan was asked for with."""
    options = document["options"]
    return PlanOptions(
        **{name: tuple(options[name]) for name in ("select", "exclude", "replace")},
        remote=options.get("remote", False),
    )


def inputs_of(document: Mapping[str, Any]) -> PlanInputs:
    """Where the storyboard of a saved plan came from."""
    inputs = document["inputs"]
    return PlanInputs(
        manifest=inputs["manifest"],
        environment=inputs["environment"],
        provider=inputs["provider"],
        variables=inputs["variables"],
        variable_files=tuple(inputs["variable_files"]),
    )


def money_document(money: Money | None) -> dict[str, Any] | None:
    """An amount as JSON data, or null."""
    return {"amount": float(money.amount), "currency": money.currency} if money else None


def _budget(use: BudgetUse | None) -> dict[str, Any] | None:
    if use is None:
        return None
    return {
        "limit": money_document(use.limit),
        "standing": money_document(use.standing),
        "total": money_document(use.total),
    }


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
            "needed_by": [],
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
        "needed_by": list(action.needed_by),
    }


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after}
