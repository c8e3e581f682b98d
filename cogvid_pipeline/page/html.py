"""Write what the storyboard page says as HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from cogvid_pipeline.packaged import page_assets
from cogvid_pipeline.report.page_view import Page
from cogvid_pipeline.report.public import public

# What a shot without a known length takes in the strip, in seconds.
_SOME_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Bar:
    """A shot in the strip below the title, in hundredths of a second."""

    kind: str
    start: int
    width: int


def page_html(page: Page, *, live: bool = False) -> str:
    """The document. With `live` it runs a `live.js` besides, which may ask the page's own server."""
    bars = tuple(_bars(page))
    strip = {"bars": bars, "width": bars[-1].start + bars[-1].width if bars else 1}
    return _template().render(page=page, strip=strip, live=live)


def _bars(page: Page) -> Iterator[_Bar]:
    start = 0
    for card in page.cards:
        width = round((card.seconds or _SOME_SECONDS) * 100)
        yield _Bar(card.badge.kind, start, width)
        start += width


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(page_assets()),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_fit_to_show,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    return environment.get_template("storyboard.html.j2")


def _fit_to_show(value: Any) -> Any:
    """What every value of the template goes through before it is escaped."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else public(value)
