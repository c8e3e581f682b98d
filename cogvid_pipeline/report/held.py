"""Attempts in doubt as text: what is known of each, what is at stake and what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.report.printable import printable

_ASK_THE_VENDOR = {
    "geekai": "GeekAI has no call that lists tasks: look in its console for one made at that time",
    "bigmodel": "look at BigModel for a task with this request id",
    "zai": "look at Z.AI for a task with this request id",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """An attempt of which it is not known whether the vendor accepted it.

    `shots` ask for it now, and may be none. `repeatable` says that the next apply asks the vendor by itself.
    """

    attempt: Attempt
    shots: tuple[str, ...]
    repeatable: bool = False

    @property
    def name(self) -> str:
        """What it is called by in commands."""
        return self.shots[0] if self.shots else self.attempt.request_id


def doubts_text(doubts: Mapping[str, Doubt]) -> str:
    """All of them, each once, and the commands that settle them."""
    if not doubts:
        return "Nothing is held.\n"
    each = {doubt.attempt.request_id: doubt for doubt in doubts.values()}
    return "\n".join(doubt_text(doubt) for doubt in each.values()) + (
        "\nSee at the vendor whether it was accepted, then say so for each:\n"
        "  cogvid recover --adopt SHOT=TASK   it was accepted as this task\n"
        "  cogvid recover --pay-again SHOT    it was not: submit it again\n"
    )


def doubt_text(doubt: Doubt) -> str:
    """What is known of one attempt, over several lines."""
    attempt = doubt.attempt
    when = f" at {attempt.created_at[:19].replace('T', ' ')} UTC" if attempt.created_at else ""
    name = " and ".join(doubt.shots) or printable(doubt.name)
    rows = [
        f"{name}: submitted to {printable(attempt.provider)}{when}, answer unknown",
        f"  why       {printable(attempt.error)}",
        f"  prompt    {printable(attempt.request.get('prompt', '(none)'))}",
        f"  asks for  {_parameters(attempt)}",
        f"  request   {printable(attempt.request_id)}",
        f"  at stake  {printable(str(attempt.cost or 'a video, at a price that is not known'))}",
        f"  to do     {_what_to_do(doubt)}",
    ]
    return "\n".join(rows) + "\n"


def _parameters(attempt: Attempt) -> str:
    named = {name: value for name, value in attempt.request.items() if name not in ("prompt", "image")}
    pictures = len(attempt.request.get("image", ()))
    words = [printable(f"{name} {value}") for name, value in named.items()]
    return ", ".join([*words, *([f"{pictures} picture{'s'[: pictures - 1]}"] if pictures else [])])


def _what_to_do(doubt: Doubt) -> str:
    if doubt.repeatable:
        return (
            "run apply: within ten minutes it asks again under the same request id, which buys nothing twice"
        )
    ask = _ASK_THE_VENDOR.get(doubt.attempt.provider, "ask the vendor")
    return ask if doubt.shots else f"{ask}; no shot of this manifest asks for it now"
