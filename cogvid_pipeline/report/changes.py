"""What a field was and what it is, as text."""

import re

from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.report.paint import Paint, plain
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.report.worddiff import Piece, shortened, word_diff

_SHORT = 30
_DIGEST = re.compile(r"(\bsha256:[0-9a-f]{12})[0-9a-f]{52}\b")


def change_text(change: Change, paint: Paint = plain, *, indent: int | None = None) -> str:
    """The field and both of its values; text that is much the same is compared word by word.

    With `indent`, long values stand one below the other, so many columns to the right.
    """
    path = printable(change.path)
    if pieces := text_diff(change):
        return f'{path}: "{"".join(_piece(piece, paint) for piece in shortened(pieces))}"'
    before, after = shown_values(change)
    # Long values are easier to compare one below the other.
    apart = indent is not None and max(len(before), len(after)) > _SHORT
    arrow = f"\n{' ' * (len(path) + (indent or 0))}→ " if apart else " → "
    return f"{path}: {paint(before, 'removed')}{arrow}{paint(after, 'added')}"


def text_diff(change: Change, *, longest: int | None = None) -> tuple[Piece, ...] | None:
    """The pieces of a text that was reworded; None where the values stand for themselves.

    They do where they have little in common, or where one is longer than `longest` characters.
    """
    before, after = change.before, change.after
    if not isinstance(before, str) or not isinstance(after, str) or change.path.startswith("image"):
        return None
    if longest is not None and max(len(before), len(after)) > longest:
        return None
    return word_diff(before, after)


def shown_values(change: Change) -> tuple[str, str]:
    """Both values as they are written in YAML."""
    absent = "none" if change.path.startswith("fit.") else "(not set)"
    if change.path.startswith("image"):
        return _picture(change.before, absent), _picture(change.after, "(known after apply)")
    before = absent if change.before is None else shown(change.before)
    return before, absent if change.after is None else shown(change.after)


def shown(value: object) -> str:
    """A value as it is written in YAML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{printable(value)}"' if isinstance(value, str) else printable(str(value))


def _picture(identity: object, absent: str) -> str:
    """An image of a request; nobody tells digests apart by all of their 64 digits."""
    return absent if identity is None else _DIGEST.sub(r"\1…", shown(identity))


def _piece(piece: Piece, paint: Paint) -> str:
    """A stretch of a text as git marks it in `--word-diff`, which needs no colour."""
    text = printable(piece.text)
    match piece.kind:
        case "same":
            return text
        case "removed":
            return paint(f"[-{text}-]", "removed")
        case "added":
            return paint(f"{{+{text}+}}", "added")
