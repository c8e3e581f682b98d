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
    """A piece as far as the next one cares: its place, how long it is shown, and how long it overlaps.

    `seconds` is None where that is not known; `overlap` is that with the piece before, in seconds.
    """

    place: Path
    shot: str
    seconds: float | None
    overlap: float


def check_sequence(draft: Draft, references: References, seconds: Seconds, notes: Notes) -> None:
    """Note what is wrong with the shots that the cut names, with its times and with its transitions."""
    before: _Shown | None = None
    for path, shot_at, piece in _pieces(draft):
        shot = piece["shot"]
        usable = references.is_take(shot, piece.get("take"), shot_at, (*path, "take"))
        mistake = _wrong_times(path, piece, seconds(shot)) if usable else None
        length = _length(piece, seconds(shot)) if usable and not mistake else None
        shown = _Shown(path, shot, length, piece.get("transition", {}).get("duration", 0))
        if not mistake and shown.overlap:
            mistake = _wrong_transition(shown, before)
        if mistake:
            notes.add(mistake)
        before = shown


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


def _wrong_transition(shown: _Shown, before: _Shown | None) -> Mistake | None:
    at = (*shown.place, "transition")
    if shown.place == ("sequence", 0):
        return Mistake("CV425", "there is nothing before this to go over from", at, "remove it", at_key=True)
    if shown.seconds is not None and shown.overlap > shown.seconds + _TOLERANCE:
        message = f"{shown.shot} is shown for {_words(shown.seconds)}, less than this transition takes"
        return Mistake("CV425", message, (*at, "duration"), f"write at most {shown.seconds:g}")
    if before is None or before.seconds is None or before.place[-1] != int(shown.place[-1]) - 1:
        return None  # what comes before is wrong itself
    if shown.overlap + before.overlap > before.seconds + _TOLERANCE:
        message = f"{before.shot} is shown for {_words(before.seconds)}, less than this transition takes"
        if before.overlap:
            message = f"{message} together with the one into {before.shot}"
        left = max(before.seconds - before.overlap, 0)
        hint = (
            f"write at most {left:g}, or show {before.shot} for longer" if left else "remove one of the two"
        )
        return Mistake("CV425", message, (*at, "duration"), hint)
    return None


def _words(seconds: float) -> str:
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"
