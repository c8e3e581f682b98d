"""Join stretches into a film: pictures as they are, sound encoded as one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.film.parameter_sets import merged, read_sets
from cogvid_pipeline.media.film.sound import SAMPLE_RATE, Samples, to_frame
from cogvid_pipeline.media.mp4 import open_clip
from cogvid_pipeline.model.track import Track

_BITS_A_SECOND = 192_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file whose pictures are taken over in full."""

    path: Path
    track: Track


def join(into: Path, parts: Sequence[Part], rate: Fraction, sound: Iterable[Samples] | None) -> None:
    """Write the film to `into`, a new file; `sound` has that of each part, None makes a film without.

    Raises MediaError when something cannot be read or written.
    """
    options = {
        "movflags": "+faststart",
        "fflags": "+bitexact",
        # In milliseconds, as by default, the film would end a part of a frame early.
        "movie_timescale": str(rate.numerator * 100),
        # Sound comes after all pictures of its part, however long that is.
        "max_interleave_delta": "0",
    }
    try:
        with av.open(str(into.absolute()), "w", format="mp4", options=options) as container:
            writer = _Writer(container, parts, rate, sound is not None)
            for part, samples in _together(parts, sound):
                writer.pictures(part)
                if samples is not None:
                    writer.sound(samples)
            writer.finish()
    except (FFmpegError, OSError) as error:
        raise MediaError(f"cannot write {into}: {error.strerror}") from error


class _Writer:
    def __init__(
        self, container: OutputContainer, parts: Sequence[Part], rate: Fraction, audio: bool
    ) -> None:
        self._container = container
        self._rate = rate
        self._video = _add_video(container, parts, rate)
        self._audio = _add_audio(container) if audio else None
        # Decoding is ahead by as much as the part needs for which it has to be most.
        self._delay = max(part.track.delay for part in parts)
        self._pictures = 0
        self._samples = 0

    def pictures(self, part: Part) -> None:
        """Take over the packets of a part, with the times that they have in the film."""
        order = part.track.order
        with open_clip(part.path) as (source, video):
            packets = (packet for packet in source.demux(video) if packet.size)
            for place, (packet, number) in enumerate(zip(packets, order, strict=True), start=self._pictures):
                packet.stream = self._video
                packet.time_base = 1 / self._rate
                packet.pts, packet.dts = self._pictures + number, place - self._delay
                packet.duration = 1
                self._container.mux(packet)
        self._pictures += len(order)

    def sound(self, samples: Samples) -> None:
        """Encode what is heard next."""
        if self._audio is not None and samples:
            frame = to_frame(samples, self._samples)
            self._container.mux(self._audio.encode(frame))
            self._samples += frame.samples

    def finish(self) -> None:
        if self._audio is not None:
            self._container.mux(self._audio.encode(None))


def _add_video(container: OutputContainer, parts: Sequence[Part], rate: Fraction) -> VideoStream:
    """The track, made like the first part's; its decoder is told all parameter sets."""
    with open_clip(parts[0].path) as (_, template):
        video = container.add_stream_from_template(template)
    codings = dict.fromkeys(part.track.coding for part in parts)
    if len(codings) > 1:
        sets = [read_sets(coding.setup) for coding in codings]
        video.codec_context.extradata = merged([each for each in sets if each])
    video.time_base = 1 / rate
    return video


def _add_audio(container: OutputContainer) -> AudioStream:
    audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    audio.bit_rate = _BITS_A_SECOND
    audio.codec_context.thread_count = 1
    return audio


def _together(
    parts: Sequence[Part], sound: Iterable[Samples] | None
) -> Iterator[tuple[Part, "Samples | None"]]:
    if sound is None:
        yield from ((part, None) for part in parts)
    else:
        yield from zip(parts, sound, strict=True)
