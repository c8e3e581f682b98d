"""Warn of pictures from which a video may come out differently than one thinks."""

from collections.abc import Iterator

from cogvid_pipeline.manifest.mistakes import Mistake, Path
from cogvid_pipeline.manifest.pixels import Pixels

# A difference in shape that nobody sees.
_ALIKE = 1.02
# More than so many times larger than it was a picture is visibly soft.
_ENLARGED = 2.0
# What a video has for its short side when no size is asked for, as the vendors document it.
_SHORT_SIDE = 1080


def preflight(
    subject: str, pixels: Pixels, size: str | None, where: Path, *, fitted: bool
) -> Iterator[Mistake]:
    """The warnings about a picture for a video of that size; a `fitted` one is prepared before it is sent."""
    video = _numbers(size) if size else None
    for code, message, hint in (
        *(_small(pixels, video)),
        *(() if fitted or video is None else _shape(pixels, video)),
        *(() if fitted else _ambiguities(pixels, sized=video is not None)),
    ):
        yield Mistake(code, f"{subject} {message}", where, hint, severity="warning")


def _shape(pixels: Pixels, video: tuple[int, int]) -> Iterator[tuple[str, str, str]]:
    narrower = pixels.width / pixels.height / (video[0] / video[1])
    if 1 / _ALIKE <= narrower <= _ALIKE:
        return
    if narrower < 1:
        cut, bars = f"{1 - narrower:.0%} of its height", "left and right"
    else:
        cut, bars = f"{1 - 1 / narrower:.0%} of its width", "above and below"
    message = f"is {_size(pixels)} and the video {video[0]}x{video[1]}, which is another shape"
    hint = f"write `fit: crop` to cut off {cut}, or `fit: pad` for black bars {bars}"
    yield "CV431", f"{message}: what becomes of it is up to the vendor", hint


def _small(pixels: Pixels, video: tuple[int, int] | None) -> Iterator[tuple[str, str, str]]:
    if video:
        times, what = min(video[0] / pixels.width, video[1] / pixels.height), f"{video[0]}x{video[1]}"
    else:
        times, what = _SHORT_SIDE / min(pixels.width, pixels.height), f"{_SHORT_SIDE} on its short side"
    if times > _ENLARGED:
        message = f"is only {_size(pixels)} and the video {what}: it is enlarged {times:.1f} times"
        yield "CV432", message, "use a larger picture"


def _ambiguities(pixels: Pixels, *, sized: bool) -> Iterator[tuple[str, str, str]]:
    fit = "write `fit: crop` or `fit: pad`" if sized else "write `size` and `fit: crop` or `fit: pad`"
    if pixels.turned:
        message = "is stored turned or mirrored; viewers see to that, and a vendor may not"
        yield "CV433", message, f"{fit}, and it is sent upright; or save it upright"
    if pixels.oddities:
        *rest, last = pixels.oddities
        found = f"{', '.join(rest)} and {last}" if rest else last
        hint = f"{fit}, and it is sent in 8-bit sRGB, over black"
        yield "CV434", f"has {found}, which vendors read in different ways", hint


def _size(pixels: Pixels) -> str:
    return f"{pixels.width}x{pixels.height}"


def _numbers(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)
