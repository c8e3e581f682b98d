"""Draw storyboard cards: what a preview shows where there is no picture."""

import random
from functools import lru_cache

from PIL import Image, ImageDraw

from cogvid_pipeline.media.palette import ACCENT, DARK, FAINT, INK, LIT
from cogvid_pipeline.media.slate import bar_height
from cogvid_pipeline.media.typeset import fit, sans, serif

Size = tuple[int, int]


def draw_card(heading: str, text: str, note: str, size: Size) -> Image.Image:
    """Set a heading, the text itself and a note below it, in the part that the slate leaves free."""
    width, height = size
    unit = min(size) / 100
    margin = round(width * 0.1)
    column, free = width - 2 * margin, height - bar_height(size)
    gap = round(3.5 * unit)

    above = fit(heading, sans, (column, round(5 * unit)), _sizes(1.8 * unit, 2.8 * unit))
    main = fit(text, serif, (column, round(free * 0.66)), _sizes(2.2 * unit, 6.6 * unit))
    below = fit(note, sans, (column, round(13 * unit)), _sizes(1.6 * unit, 2.2 * unit))

    card = backdrop(size).copy()
    draw = ImageDraw.Draw(card)
    top = (free - above.height - main.height - below.height - 2 * gap) // 2
    above.draw(draw, (margin, top), ACCENT)
    top += above.height + gap
    main.draw(draw, (margin, top), INK)
    top += main.height + gap
    below.draw(draw, (margin, top), FAINT)
    return card


@lru_cache(maxsize=2)
def backdrop(size: Size) -> Image.Image:
    """A dark wall that light falls on from the upper left, dithered so that it shows no bands."""
    light = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC, box=(64, 72, 256, 240))
    grain = random.Random(0).randbytes(size[0] * size[1])  # noqa: S311  # must be the same each time
    noise = Image.frombytes("L", size, grain)
    level = Image.blend(light, noise, 1 / (LIT[0] - DARK[0]))
    bands = [
        level.point([round(lit + (dark - lit) * step / 255) for step in range(256)])
        for lit, dark in zip(LIT, DARK, strict=True)
    ]
    return Image.merge("RGB", bands)


def _sizes(smallest: float, largest: float) -> range:
    return range(max(round(smallest), 6), max(round(largest), 6) + 1)
