"""A plan as Markdown, for a comment on a pull request."""

from collections.abc import Iterable, Iterator, Sequence

from cogvid_pipeline.listing import counted
from cogvid_pipeline.model.plan import (
    Action,
    Change,
    Fetch,
    Generate,
    Keep,
    Paying,
    Plan,
    changes_of,
)
from cogvid_pipeline.model.shot import Shot
from cogvid_pipeline.report.changes import shown, shown_values, text_diff
from cogvid_pipeline.report.markup import code, inert
from cogvid_pipeline.report.plan_text import summary_line
from cogvid_pipeline.report.storyboard import describe_image
from cogvid_pipeline.report.worddiff import Kind

# All of it stays below 65,000 characters; GitHub takes 65,536. Since it does not say how it counts those
# beyond U+FFFF, they count twice.
_ROOM_FOR_WARNINGS = 6_000
_ROOM_FOR_CHANGES = 44_000
_ROOM_FOR_NAMES = 6_000
_LONGEST = 1_000  # of a value; prompts have up to 512 characters, but a lock may hold anything
_MOST_FIELDS = 20
_SMALLEST = 100  # no shot takes less

_TAGS: dict[Kind, tuple[str, str]] = {
    "same": ("", ""),
    "removed": ("<del>", "</del>"),
    "added": ("<ins>", "</ins>"),
}


def plan_markdown(plan: Plan) -> str:
    """The summary and the cost, then what changes, then what does not; never more than 65,000 characters.

    The first line is a comment that is the same for each plan of the project and its environment, so that a
    bot can find what it wrote before.
    """
    changed = [action for action in plan.actions if not _stays(action)]
    unchanged = [action for action in plan.actions if _stays(action)]
    warnings = [f"- ⚠️ {code(_cut(warning))}\n" for warning in plan.warnings]
    listed = _fitting(warnings, _ROOM_FOR_WARNINGS)
    blocks = _fitting(map(_block, changed), _ROOM_FOR_CHANGES)
    whose = [plan.project, plan.environment] if plan.environment else [plan.project]
    parts = [
        f"<!-- cogvid-plan {' '.join(whose)} -->\n",
        f"### Plan for {', '.join(map(code, whose))}\n\n**{summary_line(plan)}**\n",
        "".join(["\n", *listed.values(), *_more(len(warnings) - len(listed), "warning")]),
        *blocks.values(),
        *_folded("More changes", [each for place, each in enumerate(changed) if place not in blocks]),
        *_folded("Unchanged", unchanged),
    ]
    return "\n".join(part for part in parts if part.strip())


def _stays(action: Action) -> bool:
    return isinstance(action, Fetch) or (isinstance(action, Keep) and not action.stale)


def _block(action: Action) -> str:
    """One shot: what is done about it, why, and what it asks for that is new."""
    cost = action.cost if isinstance(action, Paying) else None
    price = f" · {code(str(cost))}" if cost and cost.amount else ""
    lines = [inert(_cut(action.reason))]
    if isinstance(action, Generate):
        lines += [f"{name}: {inert(_cut(value))}" for name, value in _asked(action.shot)]
    changes = changes_of(action)
    lines += [_change(change) for change in changes[:_MOST_FIELDS]]
    if len(changes) > _MOST_FIELDS:
        lines.append(f"and {len(changes) - _MOST_FIELDS} more fields")
    text = "\n".join(lines)
    return f"{code(action.name)} **{action.kind}**{price}\n\n<pre>{text}</pre>\n"


def _asked(shot: Shot) -> Iterator[tuple[str, str]]:
    if shot.prompt:
        yield "prompt", shown(shot.prompt)
    for image in shot.images:
        yield "image", describe_image(image)
    for name, value in shot.parameters.items():
        yield name, shown(value)


def _change(change: Change) -> str:
    path = inert(_cut(change.path))
    if pieces := text_diff(change, longest=_LONGEST):
        return f"{path}: {''.join(inert(piece.text).join(_TAGS[piece.kind]) for piece in pieces)}"
    old, new = (inert(_cut(value)) for value in shown_values(change))
    return f"{path}: <del>{old}</del> <ins>{new}</ins>"


def _folded(title: str, actions: Sequence[Action]) -> Iterator[str]:
    """The names of shots and what is done about them, behind a line to click on."""
    if not actions:
        return
    names = [
        code(action.name) + ("" if isinstance(action, Keep) else f" {action.kind}") for action in actions
    ]
    listed = list(_fitting([f"{name}, " for name in names], _ROOM_FOR_NAMES).values())
    text = "".join([*listed, *_more(len(names) - len(listed), "shot")]).removesuffix(", ")
    count = counted(len(actions), "shot")
    yield f"<details><summary>{title}: {count}</summary>\n\n{text}\n\n</details>\n"


def _more(count: int, what: str) -> list[str]:
    return [f"and {count} more {what}s"] if count > 0 else []


def _fitting(texts: Iterable[str], room: int) -> dict[int, str]:
    """Those that have room together, by their place. What is too long is left out for what comes after it."""
    fitting: dict[int, str] = {}
    for place, text in enumerate(texts):
        length = len(text.encode("utf-16-le", "surrogatepass")) // 2
        if length <= room:
            fitting[place] = text
            room -= length
        elif room < _SMALLEST:
            break
    return fitting


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
