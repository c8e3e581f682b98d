"""Draw a run as a table on a terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.events import event_words

_ENDS = {"succeeded": "green", "failed": "red", "held": "yellow", "blocked": "yellow", "forgotten": "dim"}


@dataclass(slots=True)
class _Row:
    words: str
    started: float
    style: str = ""
    ended: float | None = None


@dataclass(slots=True)
class Board:
    """The state of each take, for drawing."""

    total: int
    clock: Callable[[], float] = time.monotonic
    rows: dict[str, _Row] = field(default_factory=dict)
    spent: dict[str, Decimal] = field(default_factory=dict)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def update(self, event: Event) -> None:
        """Take an event into account."""
        if not event.shot or not (words := event_words(event)):
            return
        row = self.rows.setdefault(event.shot, _Row(words, self.clock()))
        row.words = words
        if event.event in _ENDS:
            row.style, row.ended = _ENDS[event.event], self.clock()
        cost = event.details.get("cost")
        if isinstance(cost, Money) and cost.amount:
            self.spent[cost.currency] = self.spent.get(cost.currency, Decimal(0)) + cost.amount

    def shown(self, height: int) -> list[tuple[str, _Row]]:
        """The rows that fit: what is under way, then what ended last, in the order in which they began."""
        under_way = [name for name, row in self.rows.items() if row.ended is None]
        ended = sorted(
            (name for name, row in self.rows.items() if row.ended is not None),
            key=lambda name: self.rows[name].ended or 0,
            reverse=True,
        )
        chosen = set([*under_way, *ended][:height])
        return [(name, row) for name, row in self.rows.items() if name in chosen]

    @property
    def footer(self) -> str:
        done = sum(1 for row in self.rows.values() if row.ended is not None)
        spent = " + ".join(f"{amount:.2f} {currency}" for currency, amount in self.spent.items())
        cost = f" · {spent} so far" if spent else ""
        return f"{done} of {self.total}{cost} · {_clock(self.clock() - self.began)}"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@contextmanager
def live_table(total: int) -> Iterator[Callable[[Event], None]]:
    """A table on stderr that is drawn anew a few times a second."""
    board = Board(total)
    console = Console(stderr=True)
    spinner = Spinner("dots")

    def draw() -> Group:
        table = Table.grid(padding=(0, 2))
        for name, row in board.shown(max(1, console.height - 3)):
            elapsed = _clock((row.ended or board.clock()) - row.started)
            words = Text(row.words, style=row.style, overflow="ellipsis", no_wrap=True)
            table.add_row("" if row.ended else spinner, Text(name), words, Text(elapsed, style="dim"))
        return Group(table, Text(board.footer, style="bold"))

    with Live(get_renderable=draw, console=console, refresh_per_second=8):
        yield board.update
