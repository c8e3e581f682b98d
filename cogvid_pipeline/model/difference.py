"""How one storyboard differs from another."""

from dataclasses import dataclass
from typing import TypeAlias

from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import Shot


@dataclass(frozen=True, slots=True)
class Added:
    """A shot that only the later storyboard has."""

    shot: Shot


@dataclass(frozen=True, slots=True)
class Removed:
    """A shot that only the earlier storyboard has."""

    shot: Shot


@dataclass(frozen=True, slots=True)
class Altered:
    """A shot that both have, and that is not in all the same.

    `changes` are of what it asks for, with whole `Image`s where pictures differ, then of what else is said
    about it. `follows` names the upstream shots that ask for something else, so that its frames of them
    will differ. `place` is None where it did not move; else the shot that it comes after, "" for none.
    """

    before: Shot
    after: Shot
    changes: tuple[Change, ...] = ()
    follows: tuple[str, ...] = ()
    place: str | None = None

    @property
    def renamed(self) -> bool:
        """Whether it asks for what a shot of another name asked for, which is gone."""
        return self.before.name != self.after.name


ShotDifference: TypeAlias = Added | Removed | Altered


@dataclass(frozen=True, slots=True)
class StoryDifference:
    """The shots that differ in the later story's order, removed ones last; then what is said about all.

    `settings` are changes of what the manifest says once, such as its provider, and of the cut.
    """

    shots: tuple[ShotDifference, ...]
    settings: tuple[Change, ...]
    unchanged: int

    @property
    def empty(self) -> bool:
        """Whether both storyboards say the same."""
        return not self.shots and not self.settings
