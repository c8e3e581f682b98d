"""Real MP4 files for tests, made with PyAV; each frame can be told from every other.

A numbered frame shows its number as eight vertical bars, black or white, most significant bit first.
The conversion from RGB to YUV is written out here, so that the code under test is not its own judge.
"""

import math
import struct
from array import array
from collections.abc import Callable, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Literal

import av
from PIL import Image

RGB = tuple[int, int, int]
YUV = tuple[bytes, bytes, bytes]
Paint = Callable[[int, int, int], YUV]
Wave = Callable[[float], float]
Matrix = Literal["bt709", "bt601"]

LUMA_WEIGHTS = {"bt709": (0.2126, 0.0722), "bt601": (0.299, 0.114)}
TICKS = 90_000

COLOURS: list[RGB] = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 255),
    (0, 0, 0),
    (200, 120, 40),
    (12, 90, 80),
]


def make_clip(
    path: Path,
    *,
    size: tuple[int, int] = (128, 64),
    fps: float | Fraction = 30,
    frames: int = 30,
    paint: Paint | None = None,
    times: Sequence[float] | None = None,
    tags: Matrix | None = None,
    full_range: bool = False,
    b_frames: int = 2,
    gop: int = 12,
    audio: bool = False,
    wave: Wave | None = None,
    audio_rate: int = 48_000,
    audio_layout: str = "stereo",
    rotation: int = 0,
    ticks: int = TICKS,
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
) -> Path:
    """Write a clip of numbered frames, or of what `paint` returns for (frame number, width, height).

    `times` are the frames' time stamps in seconds, where they are not evenly spaced, `ticks` the parts that a
    second has. `rotation` is what players are told to turn the picture by, in degrees counter-clockwise.
    `wave` gives the sound at a time in seconds, a tone when it is left out.
    """
    paint = paint or numbered
    with av.open(str(path), "w", format="mp4", options=muxer or {"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=Fraction(fps))
        video.width, video.height = size
        video.pix_fmt = "yuvj420p" if full_range else "yuv420p"
        video.time_base = Fraction(1, ticks)
        video.gop_size = gop
        context = video.codec_context
        context.time_base = Fraction(1, ticks)
        context.thread_count = 1
        context.max_b_frames = b_frames
        context.options = {"preset": "veryfast", "crf": "8", **(options or {})}
        context.color_range = 2 if full_range else 1
        if tags:
            context.colorspace = {"bt709": 1, "bt601": 6}[tags]
        if rotation:
            video.set_display_rotation(rotation)
        sound = container.add_stream("aac", rate=audio_rate, layout=audio_layout) if audio else None
        for number in range(frames):
            frame = av.VideoFrame(*size, video.pix_fmt)
            for plane, samples in zip(frame.planes, paint(number, *size), strict=True):
                plane.update(_with_stride(samples, plane.width, plane.line_size))
            seconds = times[number] if times else float(number / fps)
            frame.pts, frame.time_base = round(seconds * ticks), Fraction(1, ticks)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if sound is not None:
            for packet in _sound(sound, audio_rate, float(frames / fps), wave or _tone):
                container.mux(packet)
    return path


def with_edits(clip: Path, *edits: tuple[float, float | None]) -> Path:
    """Give a clip (whose `moov` comes last, so that nothing moves) the edit list of these pieces.

    Each is how long it lasts and where in the track it begins, in seconds; None where nothing is shown.
    """
    data = clip.read_bytes()
    start = data.rindex(b"moov") - 4
    moov = data[start:]
    movie, track = (
        int.from_bytes(moov[at + 16 : at + 20]) for at in (moov.index(b"mvhd"), moov.index(b"mdhd"))
    )
    entries = b"".join(
        struct.pack(">iiI", round(length * movie), -1 if begin is None else round(begin * track), 0x10000)
        for length, begin in edits
    )
    elst = _box(b"elst", struct.pack(">II", 0, len(edits)) + entries)
    trak = moov.index(b"trak") - 4
    end = trak + int.from_bytes(moov[trak : trak + 4])
    content = moov[trak + 8 : end]
    if b"edts" in content:
        old = content.index(b"edts") - 4
        content = content[:old] + content[old + int.from_bytes(content[old : old + 4]) :]
    header = int.from_bytes(content[:4])
    content = content[:header] + _box(b"edts", elst) + content[header:]
    clip.write_bytes(data[:start] + _box(b"moov", moov[8:trak] + _box(b"trak", content) + moov[end:]))
    return clip


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def numbered(number: int, width: int, height: int) -> YUV:
    """Eight bars that spell the number; grey has neither colour."""
    row = b"".join(
        (b"\xeb" if number >> (7 - bit) & 1 else b"\x10") * (width * (bit + 1) // 8 - width * bit // 8)
        for bit in range(8)
    )
    neutral = b"\x80" * (((width + 1) // 2) * ((height + 1) // 2))
    return row * height, neutral, neutral


def number_of(picture: Image.Image) -> int:
    """Read back what `numbered` painted."""
    grey = picture.convert("L")
    bars = [grey.getpixel((grey.width * (2 * bit + 1) // 16, grey.height // 2)) for bit in range(8)]
    return sum(1 << (7 - bit) for bit, level in enumerate(bars) if int(level or 0) > 127)


def flat(colour: RGB, matrix: Matrix, *, full_range: bool = False) -> Paint:
    """Frames of one colour."""
    y, cb, cr = to_yuv(colour, matrix, full_range=full_range)

    def paint(_number: int, width: int, height: int) -> YUV:
        chroma = ((width + 1) // 2) * ((height + 1) // 2)
        return bytes([y]) * (width * height), bytes([cb]) * chroma, bytes([cr]) * chroma

    return paint


def to_yuv(colour: RGB, matrix: Matrix, *, full_range: bool) -> tuple[int, int, int]:
    red, green, blue = (level / 255 for level in colour)
    of_red, of_blue = LUMA_WEIGHTS[matrix]
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    cb = (blue - luma) / (2 - 2 * of_blue)
    cr = (red - luma) / (2 - 2 * of_red)
    levels = (luma * 255, cb * 255 + 128, cr * 255 + 128) if full_range else (
        16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr,
    )  # fmt: skip
    return tuple(min(255, max(0, round(level))) for level in levels)  # type: ignore[return-value]


def picture_file(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as the bytes of a file."""
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def open_picture(data: bytes) -> Image.Image:
    """The picture in such a file, decoded."""
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def _with_stride(samples: bytes, width: int, stride: int) -> bytes:
    padding = bytes(stride - width)
    return b"".join(samples[at : at + width] + padding for at in range(0, len(samples), width))


def _tone(seconds: float) -> float:
    return 0.1 * math.sin(2 * math.pi * 1000 * seconds)


def _sound(stream: av.AudioStream, rate: int, seconds: float, wave: Wave) -> list[av.Packet]:
    packets = []
    for first in range(0, math.ceil(seconds * rate), 1024):
        samples = array("f", (wave(number / rate) for number in range(first, first + 1024)))
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate, frame.pts, frame.time_base = rate, first, Fraction(1, rate)
        frame.planes[0].update(samples.tobytes())
        packets += stream.encode(frame)
    return packets + stream.encode(None)
