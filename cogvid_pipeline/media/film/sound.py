"""Mix the sound of a film, event by event: as long as its pictures, to the sample."""

import math
from array import array
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.model.edit import Edit, Event

SAMPLE_RATE = 48_000
CHANNELS = 2

# Two channels in turn, from -1 to 1.
Samples: TypeAlias = "array[float]"

# The file of an event's clip, or None where it has no sound, and by how much to multiply it.
Source: TypeAlias = Callable[[Event], tuple[Path | None, float]]

# A gap in a clip's sound that is worth filling, in seconds; its time stamps may be a little off.
_GAP = Fraction(1, 100)


def film_sound(edit: Edit, source: Source) -> Iterator[Samples]:
    """The sound of each event, silence where there is none.

    A dissolve goes over from one sound to the other as from one picture to the other, a fade comes from
    silence and goes to it.
    """
    before = None
    for event in edit.events:
        yield _event_sound(event, before, edit.rate, source)
        before = event


def sample_at(frame: int, rate: Fraction) -> int:
    """The first sample of a frame."""
    return math.floor(frame * SAMPLE_RATE / rate + Fraction(1, 2))


def to_frame(samples: Samples, first: int = 0) -> AudioFrame:
    """Samples to encode, of which the first is the film's with that number."""
    frame = AudioFrame(format="flt", layout="stereo", samples=len(samples) // CHANNELS)
    frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), first
    room = frame.planes[0].buffer_size
    frame.planes[0].update(samples.tobytes().ljust(room, b"\0"))
    return frame


def _event_sound(event: Event, before: Event | None, rate: Fraction, source: Source) -> Samples:
    def length(start: int, end: int) -> int:
        return sample_at(end, rate) - sample_at(start, rate)

    begin, end = event.record_in, event.record_out
    samples = _source_sound(event, event.source_in, length(begin, end), rate, source)
    if event.dissolve and before:
        overlap = length(begin, begin + event.dissolve)
        tail = _source_sound(before, before.source_out, overlap, rate, source)
        _ramp(samples, 0, overlap, rising=True)
        _ramp(tail, 0, overlap, rising=False)
        for index, level in enumerate(tail):
            samples[index] += level
    _ramp(samples, 0, length(begin, begin + event.fade_in), rising=True)
    faded = length(end - event.fade_out, end)
    _ramp(samples, length(begin, end) - faded, faded, rising=False)
    return samples


def _source_sound(event: Event, start: int, count: int, rate: Fraction, source: Source) -> Samples:
    path, gain = source(event)
    if path is None:
        return _silence(count)
    samples = clip_sound(path, sample_at(start, rate), count)
    return samples if gain == 1 else array("f", (level * gain for level in samples))


def _ramp(samples: Samples, start: int, count: int, *, rising: bool) -> None:
    """Let the sound rise from silence or fall to it."""
    for step in range(count):
        share = (step + 0.5) / count
        for index in range((start + step) * CHANNELS, (start + step + 1) * CHANNELS):
            samples[index] *= share if rising else 1 - share


def clip_sound(path: Path, start: int, count: int) -> Samples:
    """So many samples of a clip, from that one on; time runs from its first picture, as the film's does.

    Silence where the clip has no sound. Raises MediaError when it does not play.
    """
    found = array("f")
    need = (start + count) * CHANNELS
    for begins, heard in _heard(path):
        # A time stamp may be hours away, and silence takes memory.
        place = min(begins, start + count)
        found.extend(_silence(place - len(found) // CHANNELS))
        del found[max(place, 0) * CHANNELS :]
        found.extend(heard[max(-place, 0) * CHANNELS :])
        if len(found) >= need:
            break
    found.extend(_silence(start + count - len(found) // CHANNELS))
    return found[start * CHANNELS : need]


def _heard(path: Path) -> Iterator[tuple[int, Samples]]:
    """The pieces of a clip's sound, each with the place of its first sample; gaps lie between them."""
    with open_clip(path) as (container, video):
        audio = next(iter(container.streams.audio), None)
        if audio is None:
            return
        zero = (video.start_time or 0) * (video.time_base or Fraction(1))
        resampler, form, place, ends = _resampler(), None, 0, Fraction(0)
        for frame in container.decode(audio):
            begins = (frame.pts or 0) * (frame.time_base or Fraction(1)) - zero
            form_now = (frame.sample_rate, frame.layout.name, frame.format.name)
            if form_now != form or abs(begins - ends) > _GAP:
                if form:
                    yield place, _samples(resampler.resample(None))
                resampler, form, place = _resampler(), form_now, round(begins * SAMPLE_RATE)
            heard = _samples(resampler.resample(frame))
            yield place, heard
            place += len(heard) // CHANNELS
            ends = begins + Fraction(frame.samples, frame.sample_rate)
        if form:
            yield place, _samples(resampler.resample(None))


def _resampler() -> AudioResampler:
    return AudioResampler(format="flt", layout="stereo", rate=SAMPLE_RATE)


def _samples(frames: list[AudioFrame]) -> Samples:
    samples = array("f")
    for frame in frames:
        samples.frombytes(bytes(frame.planes[0])[: frame.samples * CHANNELS * samples.itemsize])
    return samples


def _silence(count: int) -> Samples:
    return array("f", bytes(4 * CHANNELS * max(count, 0)))
