"""Held attempts as text: what is at stake, and what can be done."""

from collections.abc import Mapping

from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.report.printable import printable


def held_text(held: Mapping[str, Attempt]) -> str:
    """Each held shot with what is known of its submission."""
    if not held:
        return "Nothing is held.\n"
    return "".join(_one(name, attempt) for name, attempt in held.items()) + (
        "\nSee at the vendor whether it was accepted, then say so for each shot:\n"
        "  cogvid recover --adopt SHOT=TASK   it was accepted as this task\n"
        "  cogvid recover --pay-again SHOT    it was not: submit it again\n"
    )


def _one(name: str, attempt: Attempt) -> str:
    when = f" at {attempt.created_at[:19].replace('T', ' ')} UTC" if attempt.created_at else ""
    rows = [
        f"{name}: submitted to {printable(attempt.provider)}{when}, answer unknown",
        f"  why      {printable(attempt.error)}",
        f"  prompt   {printable(attempt.request.get('prompt', ''))}",
        f"  at stake {attempt.cost or 'a video, at a price that is not known'}",
    ]
    return "\n".join(rows) + "\n"
