"""What an emulator is to be like."""

from collections.abc import Callable
from dataclasses import dataclass, field

from cogvid_pipeline.emulator.chaos import Knobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`key` is the one API key that is taken; empty takes any.

    A task takes `seconds`, an address is good for `url_seconds`. Clips are rendered at `scale`, or are all
    `clip` where that is given. `by_request_id` says that BigModel and Z.AI give results under the request id
    too. `marked` says with each answer that no vendor gave it, which keeps its clips from passing for paid
    ones. `say` is told what becomes of each submission.
    """

    key: str = ""
    seconds: float = 5.0
    url_seconds: float = 24 * 3600.0
    scale: float = 0.25
    clip: bytes | None = None
    knobs: Knobs = field(default_factory=dict)
    seed: str = ""
    by_request_id: bool = False
    marked: bool = True
    say: Callable[[str], None] = lambda _: None
