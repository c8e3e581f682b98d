"""Draw a contact sheet: the first, the middle and the last frame of every shot in one picture."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from math import ceil, sqrt
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.frames import frame_picture
from cogvid_pipeline.media.palette import BAR, FAINT, INK
from cogvid_pipeline.media.typeset import sans, serif, shorten

_PLACES = ("first", "middle", "last")

# What hosts of pull requests take and browsers show.
_MOST_BYTES = 10_000_000
_MOST_PIXELS = 9_000_000
_LONGEST_SIDE = 8_000

_GROUND, _BLANK = "#0f1013", "#1b1e23"
_WIDEST, _NARROWEST = 400, 16  # frames, in pixels
_STEP = 0.92
_WIDE = (16, 9)


@dataclass(frozen=True, slots=True)
class Strip:
    """A shot: what stands below its frames, and its clip, if there is one."""

    number: str
    name: str
    clip: Path | None


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things are, in pixels."""

    frame: tuple[int, int]
    columns: int
    rows: int

    @property
    def gap(self) -> int:
        return max(self.frame[0] // 12, 4)

    @property
    def type_size(self) -> int:
        return min(max(self.frame[0] // 9, 8), 18)

    @property
    def head(self) -> int:
        return self.type_size * 5

    @property
    def cell(self) -> tuple[int, int]:
        """A strip with what is left free to its right and below it."""
        width, height = self.frame
        return 3 * width + 2 + self.gap, height + round(self.type_size * 1.9) + self.gap // 2

    @property
    def size(self) -> tuple[int, int]:
        width, height = self.cell
        return self.columns * width + self.gap, self.head + self.rows * height + self.gap

    @property
    def fits(self) -> bool:
        width, height = self.size
        return width * height <= _MOST_PIXELS and max(width, height) <= _LONGEST_SIDE


def contact_sheet(title: str, strips: Sequence[Strip]) -> bytes:
    """The sheet as a PNG of at most 10 MB and 8000 pixels a side: the more strips, the smaller they are."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        layouts = _layouts(len(strips), _shape([strip for strip in strips if strip.clip]))
        layout = next(layouts)
        pictures = list(pool.map(lambda strip: _frames(strip.clip, layout.frame), strips))
    while len(png := _png(_draw(title, strips, pictures, layout))) > _MOST_BYTES:
        layout = next(layouts)
    return png


def _layouts(count: int, shape: tuple[int, int]) -> Iterator[_Layout]:
    """What fits, the largest frames first."""
    width = float(_WIDEST)
    while width >= _NARROWEST:
        frame = round(width), max(round(width * shape[1] / shape[0]), 1)
        cell = _Layout(frame, 1, 1).cell
        # About as wide as a screen, and a single column for what is a short list.
        columns = min(max(round(sqrt(count * 1.3 * cell[1] / cell[0])), 1), max(count, 1))
        layout = _Layout(frame, columns, ceil(count / columns))
        if layout.fits:
            yield layout
        width *= _STEP
    raise MediaError(f"{count} shots do not fit on one contact sheet")


def _shape(strips: Sequence[Strip]) -> tuple[int, int]:
    """The width and height of most frames; the first few clips tell."""
    sizes = [picture.size for strip in strips[:5] for picture in _frames(strip.clip, None)[:1]]
    return Counter(sizes).most_common(1)[0][0] if sizes else _WIDE


def _frames(clip: Path | None, size: tuple[int, int] | None) -> list[Image.Image]:
    """The three frames, made to fit the size; none where the clip does not play."""
    if clip is None:
        return []
    try:
        pictures = [frame_picture(clip, place) for place in (_PLACES if size else _PLACES[:1])]
    except MediaError:
        return []
    return [_fitted(picture, size) for picture in pictures] if size else pictures


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.pad(picture, size, Image.Resampling.LANCZOS, color=BAR)


def _draw(
    title: str, strips: Sequence[Strip], pictures: Sequence[Sequence[Image.Image]], layout: _Layout
) -> Image.Image:
    sheet = Image.new("RGB", layout.size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    _draw_head(draw, title, len(strips), layout)
    width, height = layout.cell
    for place, (strip, frames) in enumerate(zip(strips, pictures, strict=True)):
        row, column = divmod(place, layout.columns)
        left, top = layout.gap + column * width, layout.head + row * height
        for number in range(3):
            x = left + number * (layout.frame[0] + 1)
            if frames:
                sheet.paste(_fitted(frames[number], layout.frame), (x, top))
            else:
                sheet.paste(_BLANK, (x, top, x + layout.frame[0], top + layout.frame[1]))
        _draw_name(draw, strip, (left, top + layout.frame[1]), layout)
    return sheet


def _draw_head(draw: ImageDraw.ImageDraw, title: str, count: int, layout: _Layout) -> None:
    words, font = f"{count} shot{'' if count == 1 else 's'}", sans(layout.type_size)
    middle, right = layout.head // 2, layout.size[0] - layout.gap
    draw.text((right, middle), words, FAINT, font, anchor="rm")
    face = serif(round(layout.type_size * 1.9))
    room = right - layout.gap - round(font.getlength(words)) - layout.type_size
    draw.text((layout.gap, middle), shorten(title, face, room), INK, face, anchor="lm")


def _draw_name(draw: ImageDraw.ImageDraw, strip: Strip, at: tuple[int, int], layout: _Layout) -> None:
    font = sans(layout.type_size)
    left, middle = at[0], at[1] + round(layout.type_size * 1.05)
    draw.text((left, middle), strip.number, FAINT, font, anchor="lm")
    left += round(font.getlength(f"{strip.number}  "))
    room = at[0] + layout.cell[0] - layout.gap - left
    name = strip.name if strip.clip else f"{strip.name}  (no clip)"
    draw.text((left, middle), shorten(name, font, room), INK if strip.clip else FAINT, font, anchor="lm")


def _png(sheet: Image.Image) -> bytes:
    file = BytesIO()
    sheet.save(file, "PNG")
    return file.getvalue()
