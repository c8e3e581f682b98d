"""Make the film of an edit list from clips, cards and what earlier films left in the cache."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from threading import Event as ThreadEvent
from typing import Protocol, assert_never

from cogvid_pipeline.cut.stretches import film_key, split
from cogvid_pipeline.durable import move_durably, staging_beside
from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.jobs import Crew, answers, finished, look
from cogvid_pipeline.media.film.join import Part, join
from cogvid_pipeline.media.film.loudness import gain_to
from cogvid_pipeline.media.film.sound import film_sound
from cogvid_pipeline.media.film.stretch import Footage, encoder_version
from cogvid_pipeline.media.film.track import read_track
from cogvid_pipeline.model.edit import Cards, Edit, Event
from cogvid_pipeline.model.stretch import Copied, Encoded, Stretch
from cogvid_pipeline.model.track import Track
from cogvid_pipeline.store.stretches import StretchStore


class Watch(Protocol):
    """Is told how far the film is, from several threads."""

    def begin(self, frames: int) -> None:
        """So many frames are to be encoded."""

    def advance(self, frames: int = 1) -> None:
        """So many of them are."""

    def encoded(self, event: Event) -> None:
        """A stretch is."""


def is_made(
    edit: Edit, cards: Cards, store: StretchStore, into: Path, *, loudness: float | None = None
) -> bool:
    """Whether `make_film` would write what is there already. Raises StateError."""
    return store.is_made(film_key(edit, cards, encoder_version(), loudness), into)


def make_film(
    footage: Footage,
    store: StretchStore,
    into: Path,
    *,
    crew: Crew,
    watch: Watch,
    loudness: float | None = None,
) -> Sequence[Stretch]:
    """Write the film, which appears under its name when it is whole; says what was copied, what encoded.

    `loudness` is what each clip is brought to, in LUFS; None leaves them as they are. Raises MediaError when
    a clip cannot be read or the film not be written, StateError when the cache cannot be used.
    """
    stretches = split(footage.edit, _tracks(footage, crew), footage.cards, encoder_version())
    encoded = _encode([each for each in stretches if isinstance(each, Encoded)], footage, store, crew, watch)
    parts = [_part(stretch, footage, encoded) for stretch in stretches]
    gains = _gains(footage, loudness, crew)

    def source(event: Event) -> tuple[Path | None, float]:
        if event.clip is None or not event.clip.audio:
            return None, 1.0
        return footage.clips[event.clip.sha256], gains.get(event.clip.sha256, 1.0)

    staging = staging_beside(into)
    try:
        sound = film_sound(footage.edit, source) if footage.edit.audio else None
        join(staging, parts, footage.edit.rate, sound)
        move_durably(staging, into)
    finally:
        staging.unlink(missing_ok=True)
    store.remember(film_key(footage.edit, footage.cards, encoder_version(), loudness), into)
    return stretches


def _tracks(footage: Footage, crew: Crew) -> dict[str, Track]:
    """The tracks of the clips that can be taken over as they are, by digest."""
    read = partial(read_track, rate=footage.edit.rate)
    found = answers(crew, {digest: look(read, digest, path) for digest, path in footage.clips.items()})
    return {digest: track for digest, track in found.items() if track}


def _encode(
    stretches: Sequence[Encoded], footage: Footage, store: StretchStore, crew: Crew, watch: Watch
) -> Mapping[str, Path]:
    """The files of the stretches by key; those that the cache has not are encoded, several at once.

    Each takes one thread, since the number of threads changes what comes out.
    """
    made = {each.key: path for each in stretches if (path := store.find(each.key))}
    todo = {each.key: each for each in stretches if each.key not in made}
    watch.begin(sum(each.event.frames for each in todo.values()))
    stopped = ThreadEvent()

    def advance() -> None:
        if stopped.is_set():
            raise _Stopped
        watch.advance()

    def begin(stretch: Encoded) -> Future[None]:
        staging = store.staging(stretch.key)
        heard = {"advance": advance} if crew.near else {}
        return crew.begin(footage.job(stretch, staging, **heard))

    begun = {begin(each): each for each in todo.values()}
    try:
        for future in finished(begun):
            future.result()
            stretch = begun[future]
            made[stretch.key] = store.keep(store.staging(stretch.key), stretch.key)
            if not crew.near:
                watch.advance(stretch.event.frames)
            watch.encoded(stretch.event)
    except BaseException:
        stopped.set()
        crew.drop(begun)
        raise
    finally:
        for key in todo:
            store.staging(key).unlink(missing_ok=True)
    return made


class _Stopped(Exception):
    """Nobody waits for the film any more."""


def _part(stretch: Stretch, footage: Footage, encoded: Mapping[str, Path]) -> Part:
    match stretch:
        case Copied(_, digest, track):
            return Part(footage.clips[digest], track)
        case Encoded(key=key):
            return Part(encoded[key], _track(encoded[key], footage))
        case _:
            assert_never(stretch)


def _track(path: Path, footage: Footage) -> Track:
    track = read_track(path, footage.edit.rate)
    if track is None:
        raise MediaError(f"{path} is no part of this film", hint="remove it, then run the command again")
    return track


def _gains(footage: Footage, loudness: float | None, crew: Crew) -> dict[str, float]:
    """By how much each clip's sound is to be multiplied, by its digest."""
    if loudness is None:
        return {}
    clips = {event.clip.sha256: event.clip for event in footage.edit.events if event.clip}
    jobs = {
        digest: look(partial(gain_to, loudness, seconds=clip.duration), digest, footage.clips[digest])
        for digest, clip in clips.items()
        if clip.audio
    }
    return answers(crew, jobs)
