"""Draw a run on a terminal: what is under way as a table that moves, what has ended as lines that stay."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Event as ThreadEvent
from threading import Lock, Thread

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Keep, Plan
from cogvid_pipeline.model.shot import Money
from cogvid_pipeline.report.events import event_words

# How a take can end: its mark, the same for terminals without Unicode, and its colour.
_ENDS = {
    "succeeded": ("✓", "+", "green"),
    "failed": ("✗", "x", "red"),
    "held": ("?", "?", "yellow"),
    "blocked": ("⊘", "/", "yellow"),
    "forgotten": ("-", "-", "dim"),
}
_COLOURS = {
    "waiting": "yellow",
    "downloading": "cyan",
    "decoding": "cyan",
    "rendering": "cyan",
    "shot_started": "dim",
}
_WIDEST_NAME = 32
_SECONDS_BETWEEN_FRAMES = 0.125


@dataclass(slots=True)
class Row:
    """One take, as it is shown. `event` is the last that told something; times are those of the clock."""

    name: str
    began: float
    event: str = ""
    words: str = ""
    cost: str = ""
    ended: float | None = None


@dataclass(slots=True)
class Board:
    """What is known of a run, for drawing: `update` is called by the run, the rest by who draws."""

    total: int
    clock: Callable[[], float] = time.monotonic
    under_way: dict[str, Row] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    spent: dict[str, Decimal] = field(default_factory=dict)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def update(self, event: Event) -> Row | None:
        """Take an event into account. The row comes back when it has ended."""
        if not event.shot or not (words := event_words(event)):
            return None
        row = self.under_way.setdefault(event.name, Row(event.name, self.clock()))
        row.event, row.words = event.event, words
        if event.event == "submitted" and isinstance(cost := event.details.get("cost"), Money):
            row.cost = str(cost)
            self.spent[cost.currency] = self.spent.get(cost.currency, Decimal(0)) + cost.amount
        if event.event not in _ENDS:
            return None
        row.ended = self.clock()
        self.ended[event.event] = self.ended.get(event.event, 0) + 1
        return self.under_way.pop(event.name)

    @property
    def done(self) -> int:
        return sum(self.ended.values())

    @property
    def summary(self) -> str:
        """How far the run is, what went wrong and what it has cost so far."""
        bad = [f"{self.ended[kind]} {kind}" for kind in ("failed", "held", "blocked") if kind in self.ended]
        spent = [f"{amount:.2f} {currency} so far" for currency, amount in self.spent.items()]
        time_so_far = clock_words(self.clock() - self.began)
        return " · ".join([f"{self.done} of {self.total}", *bad, *spent, time_so_far])


def clock_words(seconds: float) -> str:
    """A time span, as in 4:05."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


@dataclass(slots=True)
class Layout:
    """Turns rows into lines whose columns are the same wherever they are printed."""

    console: Console
    name_width: int
    costs: bool

    def line(self, row: Row, now: float, spinner: Spinner) -> Table:
        """A row as a table of its own."""
        mark, plain_mark, style = _ENDS.get(row.event, ("", "", _COLOURS.get(row.event, "")))
        end = Text(plain_mark if self.console.options.ascii_only else mark, style=style)
        over = row.ended is not None
        words = Text(row.words, style="" if row.event == "succeeded" else style, no_wrap=not over)
        words.overflow = "fold" if over else "ellipsis"
        words.highlight_regex("warning: .*", "yellow")
        elapsed = clock_words((row.ended or now) - row.began)
        return self._table(
            end if over else spinner,
            Text(row.name, no_wrap=True, overflow="ellipsis"),
            words,
            Text(elapsed, style="dim"),
            Text(row.cost),
        )

    def header(self) -> Table:
        """The names of the columns."""
        return self._table(*(Text(name, style="dim") for name in ("", "shot", "state", "time", "cost")))

    def _table(self, *cells: RenderableType) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(width=1)
        table.add_column(width=self.name_width)
        table.add_column(ratio=1)
        table.add_column(width=6, justify="right")
        if self.costs:
            table.add_column(width=10, justify="right")
        table.add_row(*cells[: len(table.columns)])
        return table


class Screen:
    """Draws in a thread of its own, so that a slow terminal does not keep the run waiting."""

    def __init__(self, console: Console, board: Board, layout: Layout) -> None:
        self._console = console
        self._board = board
        self._layout = layout
        self._spinner = Spinner("line" if console.options.ascii_only else "dots", style="cyan")
        self._lock = Lock()
        self._ended: list[Row] = []
        self._closing = ThreadEvent()
        self._lost: OSError | None = None
        self._thread = Thread(target=self._paint_on, daemon=True)
        self._live = Live(get_renderable=self._draw, console=console, auto_refresh=False)

    def observe(self, event: Event) -> None:
        """Take an event into account. Raises OSError when the terminal has gone."""
        with self._lock:
            if ended := self._board.update(event):
                self._ended.append(ended)
        if self._lost:
            raise self._lost

    def open(self) -> None:
        self._live.start()
        self._console.print(self._layout.header())
        self._thread.start()

    def close(self) -> None:
        """Draw what is left, and give the terminal back."""
        self._closing.set()
        self._thread.join()
        with suppress(OSError):
            self._paint()
            self._live.stop()

    def _paint_on(self) -> None:
        try:
            while not self._closing.wait(_SECONDS_BETWEEN_FRAMES):
                self._paint()
        except OSError as error:
            self._lost = error

    def _paint(self) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        self._live.refresh()
        if ended:
            self._console.print(Group(*(self._line(row) for row in ended)))

    def _draw(self) -> Group:
        with self._lock:
            rows = list(self._board.under_way.values())
            shown = rows[: max(1, self._console.height - 4)]
            lines: list[RenderableType] = [self._line(row) for row in shown]
            if len(rows) > len(shown):
                lines.append(Text(f"   … and {len(rows) - len(shown)} more under way", style="dim"))
            bar = ProgressBar(self._board.total, self._board.done, width=24, complete_style="green")
            footer = Table.grid(padding=(0, 2, 0, 0))
            footer.add_row(bar, Text(self._board.summary, style="bold"))
            return Group(*lines, footer)

    def _line(self, row: Row) -> Table:
        return self._layout.line(row, self._board.clock(), self._spinner)


@contextmanager
def live_table(plan: Plan) -> Iterator[Callable[[Event], None]]:
    """An observer that draws on stderr, anew a few times a second."""
    busy = [action for action in plan.actions if not isinstance(action, Keep)]
    names = [action.name for action in busy]
    width = min(max(len("shot"), *map(len, names)), _WIDEST_NAME)
    console = Console(stderr=True)
    costs = plan.cost is None or bool(plan.cost.amount)
    screen = Screen(console, Board(len(names)), Layout(console, width, costs))
    screen.open()
    try:
        yield screen.observe
    finally:
        screen.close()
