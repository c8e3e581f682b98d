"""A plan as text for a terminal or a log."""

from collections.abc import Iterator, Sequence

from cogvid_pipeline.model.plan import Action, Change, Keep, Plan, paying
from cogvid_pipeline.report.plan_json import changes_of
from cogvid_pipeline.report.printable import display_width, printable

_MARKS = {
    "generate": "+",
    "regenerate": "~",
    "resume": ">",
    "reuse": "=",
    "fetch": "<",
    "keep": " ",
    "hold": "?",
    "forget": "-",
}
_SUMMARY = {
    "generate": "to generate",
    "regenerate": "to regenerate",
    "resume": "to resume",
    "reuse": "to reuse",
    "fetch": "to fetch",
    "hold": "held",
    "forget": "to forget",
    "keep": "unchanged",
}
_SHORT = 30


def plan_text(plan: Plan) -> str:
    """What is done and why, what changed, and what it costs; shots that are up to date are only counted."""
    shown = [action for action in plan.actions if not isinstance(action, Keep) or action.stale]
    lines = [line for action in _aligned(shown) for line in action]
    lines += [f"warning: {printable(warning)}" for warning in plan.warnings]
    if lines:
        lines.append("")
    return "\n".join([*lines, summary_line(plan)]) + "\n"


def summary_line(plan: Plan) -> str:
    """One sentence with the number of actions of each kind, and the cost."""
    counts = [f"{plan.summary[kind]} {words}" for kind, words in _SUMMARY.items() if plan.summary.get(kind)]
    if not plan.conflicted and all(isinstance(action, Keep) for action in plan.actions):
        stale = sum(1 for action in plan.actions if isinstance(action, Keep) and action.stale)
        frozen = f", {stale} frozen" if stale else ""
        return f"Nothing to do: {len(plan.actions) - stale} up to date{frozen}."
    return f"Plan: {', '.join(counts)}. {_cost(plan)}"


def _cost(plan: Plan) -> str:
    submitted = paying(plan.actions)
    if not submitted or plan.provider == "preview":
        return "It costs nothing."
    if plan.cost:
        return f"Cost: {plan.cost} at {plan.provider}."
    unknown = sum(1 for action in submitted if action.cost is None)
    if unknown:
        return f"Cost: unknown; {unknown} of {len(submitted)} have no price (see `prices:`)."
    return "Cost: in several currencies, see each shot."


def _aligned(actions: Sequence[Action]) -> Iterator[list[str]]:
    rows = [(action.name, action) for action in actions]
    width = max((display_width(name) for name, _ in rows), default=0)
    for name, action in rows:
        padding = " " * (width - display_width(name))
        price = getattr(action, "cost", None)
        cost = f"  [{price}]" if price is not None and price.amount else ""
        first = f"  {_mark(action)} {name}{padding}  {action.kind:<10}  {printable(action.reason)}{cost}"
        yield [first, *(_change(change) for change in changes_of(action))]


def _mark(action: Action) -> str:
    return "*" if isinstance(action, Keep) and action.stale else _MARKS[action.kind]


def _change(change: Change) -> str:
    unknown = "(known after apply)" if change.path.startswith("image") else "(not set)"
    before = "(not set)" if change.before is None else _value(change.before)
    after = unknown if change.after is None else _value(change.after)
    # Long values are easier to compare one below the other.
    arrow = " → " if max(len(before), len(after)) <= _SHORT else f"\n{' ' * (len(change.path) + 8)}→ "
    return f"        {change.path}: {before}{arrow}{after}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{printable(value)}"' if isinstance(value, str) else str(value)
