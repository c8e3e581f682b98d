"""Draw a run on a terminal: what is under way as a table that moves, what has ended as lines that stay."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Forget, Keep, Plan
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
_COLOURS = {"waiting": "yellow", "downloading": "cyan", "rendering": "cyan", "shot_started": "dim"}
_WIDEST_NAME = 32


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
        row = self.under_way.setdefault(event.shot, Row(event.shot, self.clock()))
        row.event, row.words = event.event, words
        if event.event == "submitted" and isinstance(cost := event.details.get("cost"), Money):
            row.cost = str(cost)
            self.spent[cost.currency] = self.spent.get(cost.currency, Decimal(0)) + cost.amount
        if event.event not in _ENDS:
            return None
        row.ended = self.clock()
        self.ended[event.event] = self.ended.get(event.event, 0) + 1
        return self.under_way.pop(event.shot)

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

    def line(self, row: Row, clock: Callable[[], float], spinner: Spinner) -> Table:
        """A row as a table of its own."""
        mark, plain_mark, style = _ENDS.get(row.event, ("", "", _COLOURS.get(row.event, "")))
        end = Text(plain_mark if self.console.options.ascii_only else mark, style=style)
        over = row.ended is not None
        words = Text(row.words, style="" if row.event == "succeeded" else style, no_wrap=not over)
        words.overflow = "fold" if over else "ellipsis"
        words.highlight_regex("warning: .*", "yellow")
        elapsed = clock_words((row.ended or clock()) - row.began)
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


@contextmanager
def live_table(plan: Plan) -> Iterator[Callable[[Event], None]]:
    """An observer that draws on stderr, anew a few times a second."""
    busy = [action for action in plan.actions if not isinstance(action, Keep)]
    names = [action.name if isinstance(action, Forget) else action.shot.name for action in busy]
    board = Board(len(names))
    console = Console(stderr=True)
    pays = plan.cost is None or bool(plan.cost.amount)
    layout = Layout(console, min(max(map(len, names), default=4), _WIDEST_NAME), pays)
    spinner = Spinner("line" if console.options.ascii_only else "dots", style="cyan")
    # The drawing is done by a thread of its own.
    lock = Lock()

    def draw() -> Group:
        with lock:
            rows = list(board.under_way.values())
            shown = rows[: max(1, console.height - 4)]
            lines: list[RenderableType] = [layout.line(row, board.clock, spinner) for row in shown]
            if len(rows) > len(shown):
                lines.append(Text(f"   … and {len(rows) - len(shown)} more under way", style="dim"))
            bar = ProgressBar(
                total=max(board.total, 1), completed=board.done, width=24, complete_style="green"
            )
            footer = Table.grid(padding=(0, 2, 0, 0))
            footer.add_row(bar, Text(board.summary, style="bold"))
            return Group(*lines, footer)

    def observe(event: Event) -> None:
        with lock:
            ended = board.update(event)
        if ended:
            console.print(layout.line(ended, board.clock, spinner))

    with Live(get_renderable=draw, console=console, refresh_per_second=8):
        console.print(layout.header())
        yield observe
