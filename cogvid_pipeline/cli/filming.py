"""Make the film of an edit list from clips, cards and what earlier films left in the cache."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event as ThreadEvent
from typing import Protocol, assert_never

from cogvid_pipeline.cut.stretches import film_key, split
from cogvid_pipeline.durable import move_durably, staging_beside
from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.film.join import Part, join
from cogvid_pipeline.media.film.loudness import gain_to
from cogvid_pipeline.media.film.sound import film_sound
from cogvid_pipeline.media.film.stretch import Footage, encoder_version
from cogvid_pipeline.media.film.track import read_track
from cogvid_pipeline.model.edit import Cards, Edit, Event
from cogvid_pipeline.model.stretch import Copied, Encoded, Stretch
from cogvid_pipeline.model.track import Track
from cogvid_pipeline.store.stretches import StretchStore

_BLINK = 0.2  # seconds


class Watch(Protocol):
    """Is told how far the film is, from several threads."""

    def begin(self, frames: int) -> None:
        """So many frames are to be encoded."""

    def advance(self) -> None:
        """One of them is."""

    def encoded(self, event: Event) -> None:
        """A stretch is."""


def is_made(
    edit: Edit, cards: Cards, store: StretchStore, into: Path, *, loudness: float | None = None
) -> bool:
    """Whether `make_film` would write what is there already. Raises StateError."""
    return store.is_made(film_key(edit, cards, encoder_version(), loudness), into)


def make_film(
    footage: Footage, store: StretchStore, into: Path, *, watch: Watch, loudness: float | None = None
) -> Sequence[Stretch]:
    """Write the film, which appears under its name when it is whole; says what was copied, what encoded.

    `loudness` is what each clip is brought to, in LUFS; None leaves them as they are. Raises MediaError when
    a clip cannot be read or the film not be written, StateError when the cache cannot be used.
    """
    stretches = split(footage.edit, _tracks(footage), footage.cards, encoder_version())
    encoded = _encode([each for each in stretches if isinstance(each, Encoded)], footage, store, watch)
    parts = [_part(stretch, footage, encoded) for stretch in stretches]
    gains = _gains(footage, loudness)

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


def _tracks(footage: Footage) -> dict[str, Track]:
    """The tracks of the clips that can be taken over as they are, by digest."""
    found = {digest: read_track(path, footage.edit.rate) for digest, path in footage.clips.items()}
    return {digest: track for digest, track in found.items() if track}


def _encode(
    stretches: Sequence[Encoded], footage: Footage, store: StretchStore, watch: Watch
) -> Mapping[str, Path]:
    """The files of the stretches by key; those that the cache has not are encoded, several at once.

    Each takes one thread, since the number of threads changes what comes out.
    """
    ready = {each.key: store.find(each.key) for each in stretches}
    todo = {each.key: each for each in stretches if ready[each.key] is None}
    watch.begin(sum(each.event.frames for each in todo.values()))
    stopped = ThreadEvent()

    def advance() -> None:
        if stopped.is_set():
            raise _Stopped
        watch.advance()

    def encode(stretch: Encoded) -> Path:
        staging = store.staging(stretch.key)
        try:
            footage.encode(stretch, staging, advance)
            kept = store.keep(staging, stretch.key)
        finally:
            staging.unlink(missing_ok=True)
        watch.encoded(stretch.event)
        return kept

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures: dict[str, Future[Path]] = {key: pool.submit(encode, each) for key, each in todo.items()}
        try:
            _finish(futures.values())
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    made = {key: future.result() for key, future in futures.items()}
    return {**{key: path for key, path in ready.items() if path}, **made}


def _finish(futures: Iterable[Future[Path]]) -> None:
    """Wait until all are done, or raise what the first has failed with."""
    waiting = set(futures)
    while waiting:
        # Not for ever at once: a signal need not wake a thread that waits.
        done, waiting = wait(waiting, timeout=_BLINK, return_when=FIRST_EXCEPTION)
        for future in done:
            future.result()


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


def _gains(footage: Footage, loudness: float | None) -> dict[str, float]:
    """By how much each clip's sound is to be multiplied, by its digest."""
    if loudness is None:
        return {}
    clips = {event.clip.sha256: event.clip for event in footage.edit.events if event.clip}
    return {
        digest: gain_to(loudness, footage.clips[digest], clip.duration)
        for digest, clip in clips.items()
        if clip.audio
    }
