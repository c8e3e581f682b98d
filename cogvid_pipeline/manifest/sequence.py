"""The cut: from what is written under `sequence` to its segments, and the rules for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.references import References
from cogvid_pipeline.manifest.upstream import Seconds
from cogvid_pipeline.model.cut import Segment, Transition

Piece: TypeAlias = Mapping[str, Any]

# So that 0.1 + 0.2 is no more than 0.3.
_TOLERANCE = 1e-9


def make_sequence(draft: Draft) -> tuple[Segment, ...]:
    """The segments as they are written, with the picked takes filled in."""
    return tuple(
        Segment(
            shot=piece["shot"],
            take=int(piece.get("take") or draft.picked(piece["shot"])),
            start=float(piece.get("in", 0)),
            end=float(piece["out"]) if "out" in piece else None,
            transition=_transition(piece.get("transition")),
            fade_out=float(piece.get("fade_out", 0)),
        )
        for _, _, piece in _pieces(draft)
    )


def _transition(written: Mapping[str, Any] | None) -> Transition | None:
    return Transition(written["type"], float(written["duration"])) if written else None


def _pieces(draft: Draft) -> Iterator[tuple[Path, Path, Piece]]:
    """Each piece with its own path and that of its shot's name."""
    for index, written in enumerate(draft.data.get("sequence", ())):
        path = ("sequence", index)
        if isinstance(written, str):
            yield path, path, {"shot": written}
        elif written is not None:
            yield path, (*path, "shot"), written


@dataclass(frozen=True, slots=True)
class _Shown:
    """A piece as far as its transitions care: its place, how long it is shown, what they take of it.

    `seconds` is None where that is not known; `entry` is what the transition into it takes, in seconds, and
    `fade_out` what going to black at its end does.
    """

    place: Path
    shot: str
    seconds: float | None
    entry: float
    fade_out: float


def check_sequence(draft: Draft, references: References, seconds: Seconds, notes: Notes) -> None:
    """Note what is wrong with the shots that the cut names, with its times and with its transitions."""
    before: _Shown | None = None
    for path, shot_at, piece in _pieces(draft):
        shot = piece["shot"]
        usable = references.is_take(shot, piece.get("take"), shot_at, (*path, "take"))
        mistake = _wrong_times(path, piece, seconds(shot)) if usable else None
        length = _length(piece, seconds(shot)) if usable and not mistake else None
        transition = piece.get("transition")
        first = path == ("sequence", 0)
        entry = _taken(transition) * (2 if first and transition["type"] == "fade" else 1) if transition else 0
        shown = _Shown(path, shot, length, entry, piece.get("fade_out", 0))
        if not mistake and transition:
            mistake = _wrong_transition(shown, before, transition)
        if not mistake and shown.fade_out:
            mistake = _wrong_fade_out(shown)
        if mistake:
            notes.add(mistake)
        before = shown


def _taken(transition: Mapping[str, Any]) -> float:
    """How many seconds of each of its two pieces a transition takes."""
    duration = float(transition["duration"])
    return duration / 2 if transition["type"] == "fade" else duration


def _length(piece: Piece, seconds: float | None) -> float | None:
    """How long a piece is shown."""
    end = piece.get("out", seconds)
    return None if end is None else end - piece.get("in", 0)


def _wrong_times(path: Path, piece: Piece, seconds: float | None) -> Mistake | None:
    start, end = piece.get("in", 0), piece.get("out")
    lasts = f"{piece['shot']} lasts {_words(seconds)}" if seconds is not None else ""
    if seconds is not None and start >= seconds:
        message = f"{lasts}, so it cannot be shown from {start:g} on"
        return Mistake("CV424", message, (*path, "in"), f"write less than {seconds:g}")
    if seconds is not None and end is not None and end > seconds:
        hint = f"write at most {seconds:g}, or remove `out`"
        return Mistake("CV424", f"{lasts}, so it cannot be shown until {end:g}", (*path, "out"), hint)
    if end is not None and end <= start:
        message = f"`out` is {end:g}, which is not after `in`, {start:g}"
        return Mistake("CV424", message, (*path, "out"), f"write more than {start:g}")
    return None


def _wrong_transition(shown: _Shown, before: _Shown | None, transition: Mapping[str, Any]) -> Mistake | None:
    at = (*shown.place, "transition")
    first = shown.place == ("sequence", 0)
    if first and transition["type"] != "fade":
        message, hint = "there is nothing before this to go over from", "remove it, or write `type: fade`"
        return Mistake("CV425", message, at, hint, at_key=True)
    share = float(transition["duration"]) / shown.entry  # of a duration, what one second of a piece allows
    if shown.seconds is not None and shown.entry > shown.seconds + _TOLERANCE:
        message = f"{shown.shot} is shown for {_words(shown.seconds)}, less than this transition takes"
        hint = f"write at most {shown.seconds * share:g}"
        return Mistake("CV425", message, (*at, "duration"), hint)
    if before is None or before.place[-1] != int(shown.place[-1]) - 1:
        return None
    if before.fade_out:
        message = f"{before.shot} has gone to black, so there is nothing left to go over from"
        hint = f"remove this, or the `fade_out` of {before.shot}; a `fade` goes through black"
        return Mistake("CV425", message, at, hint, at_key=True)
    return _too_much(before, "this transition", _taken(transition), share, (*at, "duration"))


def _wrong_fade_out(shown: _Shown) -> Mistake | None:
    return _too_much(shown, "its fade-out", shown.fade_out, 1, (*shown.place, "fade_out"))


def _too_much(shown: _Shown, what: str, taken: float, share: float, at: Path) -> Mistake | None:
    """What is wrong when so many seconds go from a piece's end, besides those of the transition into it."""
    if shown.seconds is None or taken + shown.entry <= shown.seconds + _TOLERANCE:
        return None
    message = f"{shown.shot} is shown for {_words(shown.seconds)}, less than {what} takes"
    if shown.entry:
        message = f"{message} together with the one into {shown.shot}"
    left = max(shown.seconds - shown.entry, 0)
    hint = f"write at most {left * share:g}, or show {shown.shot} for longer"
    return Mistake("CV425", message, at, hint if left else "remove one of the two")


def _words(seconds: float) -> str:
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"
