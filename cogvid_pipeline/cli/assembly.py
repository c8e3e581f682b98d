"""Make a project's film from the clips of its lock, unless it is made already."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from cogvid_pipeline.cli.crews import Hire
from cogvid_pipeline.cli.film_progress import watching_film
from cogvid_pipeline.cli.filming import is_made, make_film
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.cut.edit_list import EditOptions, make_edit
from cogvid_pipeline.durable import check_writable
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.jobs import Crew, answers, look
from cogvid_pipeline.listing import listed
from cogvid_pipeline.media.film.stretch import Footage
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.edit import Card, Edit
from cogvid_pipeline.model.plan import PlanOptions, outdated
from cogvid_pipeline.model.shot import take_name
from cogvid_pipeline.model.stretch import Copied, Stretch
from cogvid_pipeline.store.stretches import StretchStore

MOST_NAMED = 8  # takes, in what is said about several


@dataclass(frozen=True)
class Assembly:
    """One film that somebody wants."""

    project: Project
    options: EditOptions
    into: Path
    placeholders: bool
    loudness: float | None
    hire: Hire

    def run(self) -> str:
        """Make it where it is not made yet, and say so. Raises CogvidError."""
        clips = {name: clip for name in self._takes if (clip := self._locked(name))}
        self._refuse("have no clip yet", "generates them", set(self._takes) - clips.keys())
        edit = self._edit(clips)
        # The lock alone tells what the film is, so that nothing is read when nothing has changed.
        if self._is_made(edit):
            return self._done(edit)
        paths = {name: self._find(name, clip) for name, clip in clips.items()}
        lost = {name for name, path in paths.items() if path is None}
        self._refuse("are not on this machine", "fetches them again, free of charge", lost)
        # A lock comes with pull requests: what it says of a clip is not believed when there is the clip.
        there = {clips[name].sha256: path for name, path in paths.items() if path}
        with self.hire() as crew:
            probes = {each: look(partial(describe, sha256=each), each, path) for each, path in there.items()}
            found = answers(crew, probes)
            clips = {name: found[clip.sha256] for name, clip in clips.items() if paths[name]}
            edit = self._edit(clips)
            if self._is_made(edit):
                return self._done(edit)
            return self._make(edit, there, crew)

    @property
    def outdated(self) -> tuple[str, ...]:
        """The takes that the film shows although the manifest now asks for something else."""
        with self.project.read_ledger() as ledger:
            actions = self.project.plan(ledger, PlanOptions()).actions
        changed = {action.name for action in outdated(actions)}
        return tuple(name for name in self._takes if self._locked(name) and name in changed)

    def _make(self, edit: Edit, clips: Mapping[str, Path], crew: Crew) -> str:
        check_writable(self.into)
        footage = Footage(edit, self._cards, clips)
        with watching_film() as watch:
            stretches = make_film(
                footage, self._store, self.into, crew=crew, watch=watch, loudness=self.loudness
            )
        return f"{self._shown}: {_length(edit)}, {_made_of(stretches)}"

    def _done(self, edit: Edit) -> str:
        return f"{self._shown}: {_length(edit)}; nothing has changed, nothing was done"

    @cached_property
    def _takes(self) -> tuple[str, ...]:
        """What the cut shows, each take once."""
        cut = self.project.storyboard.cut
        return tuple(dict.fromkeys(take_name(segment.shot, segment.take) for segment in cut))

    def _locked(self, name: str) -> Clip | None:
        entry = self.project.settled_lock.entries.get(name)
        return entry.result.clip if entry and entry.result else None

    def _find(self, name: str, clip: Clip) -> Path | None:
        """The file of a take's clip; the labelled copy, which shows the same, where that is all there is."""
        labelled = self.project.settled_lock.entries[name].labelled
        return self.project.clips.find(clip) or (self.project.clips.find(labelled) if labelled else None)

    def _refuse(self, what: str, remedy: str, names: Collection[str]) -> None:
        """Raise CogvidError when takes are missing and no cards may stand for them."""
        if not names or self.placeholders:
            return
        missing = [name for name in self._takes if name in names]
        raise CogvidError(
            f"the film is not complete; these {what}: {listed(missing, MOST_NAMED)}",
            hint=f"`cogvid apply` {remedy}; --placeholders shows cards in their place",
        )

    def _edit(self, clips: Mapping[str, Clip]) -> Edit:
        return make_edit(self.project.storyboard, clips, self.options)

    def _is_made(self, edit: Edit) -> bool:
        return is_made(edit, self._cards, self._store, self.into, loudness=self.loudness)

    @cached_property
    def _store(self) -> StretchStore:
        return StretchStore(self.project.state)

    @cached_property
    def _cards(self) -> dict[str, Card]:
        shots = {shot.name: shot for shot in self.project.storyboard.shots}
        return {
            take_name(segment.shot, segment.take): Card(
                heading=segment.shot if segment.take == 1 else f"{segment.shot}  ·  take {segment.take}",
                text=shots[segment.shot].prompt or "From a picture alone",
                note="Not yet made",
            )
            for segment in self.project.storyboard.cut
        }

    @property
    def _shown(self) -> str:
        return os.path.relpath(self.into)


def _length(edit: Edit) -> str:
    rate = f"{float(edit.rate):g}" if edit.rate.denominator == 1 else f"{float(edit.rate):.2f}"
    seconds = float(edit.frames / edit.rate)
    width, height = edit.size
    return f"{seconds:.2f} s, {edit.frames} frames, {width}x{height} at {rate} fps"


def _made_of(stretches: Sequence[Stretch]) -> str:
    copied = sum(isinstance(stretch, Copied) for stretch in stretches)
    cards = sum(stretch.event.clip is None for stretch in stretches)
    counts = {"copied": copied, "encoded": len(stretches) - copied - cards, "as cards": cards}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
