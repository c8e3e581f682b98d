"""The rules for what shots wait for: frames of others, other shots as such, and never themselves."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.mistakes import Mistake, Notes, Path
from cogvid_pipeline.manifest.references import References
from cogvid_pipeline.manifest.rings import rings

# The length of a shot's clip in seconds, None where it is not known.
Seconds = Callable[[str], float | None]

_MOST_SHOWN = 8


def check_upstream(draft: Draft, references: References, seconds: Seconds, notes: Notes) -> None:
    """Note what is wrong with frames, with `depends_on` and with `pick`, and which shots wait in a ring."""
    waiting: dict[str, list[str]] = {}
    for name, settings in draft.shots.items():
        others = list(settings.get("depends_on", ()))
        for path, image in draft.images(name):
            if isinstance(image, dict):
                others.append(image["shot"])
                _check_frame(name, path, image, draft, references, seconds, notes)
        # All shots of a matrix refer to the same others, so what they wait for is the same, too.
        waiting[name] = [written for written in map(draft.written, others) if written != name]
        for index, other in enumerate(settings.get("depends_on", ())):
            path = ("shots", name, "depends_on", index)
            if draft.written(other) == name:
                message, hint = f"{name} depends on itself", "name another shot, or remove this one"
                notes.add(Mistake("CV407", message, path, hint))
            else:
                references.is_shot(other, path, or_matrix=True)
        if "pick" in settings and draft.is_certain(name, "takes"):
            references.has_take(
                name, int(settings.get("takes", 1)), settings["pick"], ("shots", name, "pick")
            )
    _check_rings(waiting, draft, notes)


def _check_frame(
    name: str,
    path: Path,
    image: Mapping[str, Any],
    draft: Draft,
    references: References,
    seconds: Seconds,
    notes: Notes,
) -> None:
    upstream, at = image["shot"], image["frame"]
    if draft.written(upstream) == name:
        message, hint = f"{name} starts from a frame of itself", "name another shot, a file or a URL"
        notes.add(Mistake("CV407", message, (*path, "shot"), hint))
    elif (
        references.is_take(
            upstream, image.get("take"), (*path, "shot"), (*path, "take"), more=", frame: last"
        )
        and not isinstance(at, str)
        and (length := seconds(upstream)) is not None
        and at > length
    ):
        message = f"{upstream} lasts {length:g} seconds, so it has no frame at {at:g}"
        notes.add(Mistake("CV409", message, (*path, "frame"), f"write at most {length:g}, or last"))


def _check_rings(waiting: Mapping[str, Sequence[str]], draft: Draft, notes: Notes) -> None:
    for ring in rings(waiting):
        shown = ring if len(ring) <= _MOST_SHOWN else [*ring[: _MOST_SHOWN - 1], "…"]
        message = f"these shots wait for each other: {' → '.join([*shown, ring[0]])}"
        path, hint = _link(ring[0], ring[1], draft)
        notes.add(Mistake("CV408", message, path, hint))


def _link(name: str, upstream: str, draft: Draft) -> tuple[Path, str]:
    """Where a shot says that it waits for another one, and what to do about it."""
    for path, image in draft.images(name):
        if isinstance(image, dict) and draft.written(image["shot"]) == upstream:
            return path, "let one of them start from a file, a URL or its prompt alone"
    others = list(map(draft.written, draft.own(name)["depends_on"]))
    return (*draft.home(name), "depends_on", others.index(upstream)), "take one of them out of `depends_on`"
