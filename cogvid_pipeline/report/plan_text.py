"""A plan as text for a terminal or a log."""

from collections.abc import Iterator, Sequence

from cogvid_pipeline.model.plan import Action, Change, Keep, Paying, Plan, changes_of, paying
from cogvid_pipeline.report.changes import change_text
from cogvid_pipeline.report.paint import Paint, Tone, plain
from cogvid_pipeline.report.printable import display_width, printable

_MARKS: dict[str, tuple[str, Tone]] = {
    "generate": ("+", "added"),
    "regenerate": ("~", "changed"),
    "resume": (">", "changed"),
    "reuse": ("=", "added"),
    "fetch": ("<", "added"),
    "keep": (" ", "quiet"),
    "hold": ("?", "changed"),
    "forget": ("-", "removed"),
}
_FROZEN: tuple[str, Tone] = ("*", "changed")
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
_INDENT = 8


def plan_text(plan: Plan, paint: Paint = plain) -> str:
    """What is done and why, what changed, and what it costs; shots that are up to date are only counted."""
    shown = [action for action in plan.actions if not isinstance(action, Keep) or action.stale]
    lines = [line for action in _aligned(shown, paint) for line in action]
    lines += [f"{paint('warning', 'changed')}: {printable(warning)}" for warning in plan.warnings]
    if lines:
        lines.append("")
    return "\n".join([*lines, paint(summary_line(plan), "strong")]) + "\n"


def summary_line(plan: Plan) -> str:
    """The number of actions of each kind, the cost, and what that leaves of the budget."""
    if not plan.actions and plan.options.narrowing and not plan.conflicted:
        return "Nothing is selected, so there is nothing to do."
    if not plan.conflicted and all(isinstance(action, Keep) for action in plan.actions):
        stale = sum(1 for action in plan.actions if isinstance(action, Keep) and action.stale)
        frozen = f", {stale} frozen" if stale else ""
        return f"Nothing to do: {len(plan.actions) - stale} up to date{frozen}."
    counts = [f"{plan.summary[kind]} {words}" for kind, words in _SUMMARY.items() if plan.summary.get(kind)]
    return f"Plan: {', '.join(counts) or 'no shots'}. {_cost(plan)}"


def _cost(plan: Plan) -> str:
    submitted = paying(plan.actions)
    if not submitted or plan.provider == "preview":
        return "It costs nothing."
    if plan.cost:
        return f"Cost: {plan.cost} at {plan.provider}.{_budget(plan)}"
    unknown = sum(1 for action in submitted if action.cost is None)
    if unknown:
        return f"Cost: unknown; {unknown} of {len(submitted)} have no price (see `prices:`)."
    return "Cost: in several currencies, see each shot."


def _budget(plan: Plan) -> str:
    use = plan.budget
    if use is None or use.total is None or use.total.currency != use.limit.currency:
        return ""
    before = (
        f", {use.standing.amount:.2f} of it for what is there" if use.standing and use.standing.amount else ""
    )
    return f" Budget: {use.total.amount:.2f} of {use.limit}{before}."


def _aligned(actions: Sequence[Action], paint: Paint) -> Iterator[list[str]]:
    width = max((display_width(action.name) for action in actions), default=0)
    for action in actions:
        mark, tone = _FROZEN if isinstance(action, Keep) and action.stale else _MARKS[action.kind]
        name = action.name + " " * (width - display_width(action.name))
        cost = action.cost if isinstance(action, Paying) else None
        price = f"  [{printable(str(cost))}]" if cost and cost.amount else ""
        first = f"  {paint(f'{mark} {name}', tone)}  {action.kind:<10}  {printable(action.reason)}{price}"
        yield [first, *(_change(change, paint) for change in changes_of(action))]


def _change(change: Change, paint: Paint) -> str:
    return " " * _INDENT + change_text(change, paint, indent=_INDENT)
