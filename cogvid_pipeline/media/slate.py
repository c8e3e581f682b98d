"""Draw the slate: the bar at the foot of each preview frame that says what one is looking at."""

from PIL import Image, ImageDraw

from cogvid_pipeline.media.palette import ACCENT, BAR, FAINT, INK, LINE
from cogvid_pipeline.media.typeset import sans, shorten

# Where the middles of the first and the last row lie, as shares of the bar, by the number of rows.
_ROWS = {1: (0.5, 0.5), 2: (0.31, 0.69)}


def bar_height(size: tuple[int, int]) -> int:
    """A fixed share of the picture's height, even.

    As the bar is opaque and its share fixed, a chained preview covers the bar of the one before.
    """
    return max(round(size[1] / 40) * 2, 16)


class Slate:
    """The bar of one clip, to be drawn frame by frame."""

    def __init__(self, title: str, facts: str, size: tuple[int, int], *, fps: int, frames: int) -> None:
        self._fps = fps
        self._frames = frames
        height = bar_height(size)
        # The bar of a portrait is high and narrow: the facts go below the title.
        rows = 2 if size[1] > size[0] else 1
        self._font = sans(max(round(height / rows * 0.48), 8))
        self._margin = round(size[0] * 0.018)
        self._line = max(round(height / 50) * 2, 2)
        free = height - self._line
        self._first_row, self._last_row = (self._line + round(free * share) for share in _ROWS[rows])
        self._base = Image.new("RGB", (size[0], height), BAR)
        self._base.paste(LINE, (0, 0, size[0], self._line))
        self._label(title, facts, below=rows == 2)

    def at(self, number: int) -> Image.Image:
        """The bar of the frame with this number, counted from 0: time code, and how far along it is."""
        bar = self._base.copy()
        draw = ImageDraw.Draw(bar)
        done = round(bar.width * (number + 1) / self._frames)
        bar.paste(ACCENT, (0, 0, done, self._line))
        place = (bar.width - self._margin, self._first_row)
        draw.text(place, timecode(number, self._fps), INK, self._font, anchor="rm")
        return bar

    def _label(self, title: str, facts: str, *, below: bool) -> None:
        draw = ImageDraw.Draw(self._base)
        gap = round(self._font.size)
        column = self._base.width - 2 * self._margin
        room = column - gap - int(self._font.getlength(timecode(0, self._fps)))
        title = shorten(title, self._font, room if below else room * 2 // 3)
        draw.text((self._margin, self._first_row), title, INK, self._font, anchor="lm")
        if below:
            place = (self._margin, self._last_row)
        else:
            used = int(self._font.getlength(title)) + gap
            place, column = (self._margin + used, self._last_row), room - used
        draw.text(place, shorten(facts, self._font, column), FAINT, self._font, anchor="lm")


def timecode(number: int, fps: int) -> str:
    """HH:MM:SS:FF of a frame counted from 0."""
    seconds, frame = divmod(number, fps)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}:{frame:02}"
