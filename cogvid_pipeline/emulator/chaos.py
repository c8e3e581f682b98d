"""Decide which requests go wrong, by lot, and the same ones each time for one seed."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TypeAlias

from cogvid_pipeline.errors import UsageError

# What can go wrong. All are probabilities but the last, which is a number of tasks.
KNOBS = {
    "refuse": "a submission is refused: the content filter stopped it",
    "rate": "a submission is turned away by the rate limit",
    "lost-before": "the connection closes without an answer; nothing was accepted",
    "lost-after": "the connection closes without an answer; the task was accepted",
    "gateway": "a gateway answers 504; the task was accepted",
    "fail": "an accepted task comes to nothing",
    "slow": "a task takes ten times as long",
    "poll-500": "asking for a task is answered with 500",
    "expire": "a clip's address is dead when it is used; asking for the task gives a new one",
    "cut": "a download breaks off halfway",
    "arrears-after": "after so many accepted tasks the account is in arrears",
}
_COUNTED = "arrears-after"

Knobs: TypeAlias = Mapping[str, float]


def read_knobs(texts: Iterable[str]) -> dict[str, float]:
    """The knobs in texts such as `cut=0.2`. Raises UsageError, which names the known ones."""
    knobs: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in KNOBS:
            raise UsageError(f"there is no chaos {name!r}", hint=f"there are {', '.join(KNOBS)}")
        if name in knobs:
            raise UsageError(f"chaos {name} is given twice")
        knobs[name] = _amount(name, value)
    return knobs


def _amount(name: str, text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1
    if name == _COUNTED:
        if not (amount >= 0 and amount.is_integer()):
            raise UsageError(f"{name} cannot be {text!r}", hint=f"a number of tasks, as in {name}=20")
    elif not (isfinite(amount) and 0 <= amount <= 1):
        raise UsageError(f"{name} cannot be {text!r}", hint=f"a probability from 0 to 1, as in {name}=0.2")
    return amount


class Chaos:
    """The lots of one run.

    A lot depends on the seed, the knob, what is asked about and how often that was asked before, not on
    the order in which different things are asked.
    """

    def __init__(self, knobs: Knobs, seed: str) -> None:
        self._knobs = knobs
        self._seed = seed
        self._asked: Counter[tuple[str, str]] = Counter()

    def strikes(self, knob: str, subject: str) -> bool:
        """Whether this goes wrong this time."""
        odds = self._knobs.get(knob, 0)
        if not odds:
            return False
        self._asked[knob, subject] += 1
        lot = f"{self._seed}\n{knob}\n{subject}\n{self._asked[knob, subject]}"
        drawn = int.from_bytes(hashlib.sha256(lot.encode()).digest()[:8])
        return drawn < odds * 2**64

    def in_arrears(self, accepted: int) -> bool:
        """Whether an account that has bought so many tasks can pay for no more."""
        return accepted >= self._knobs.get(_COUNTED, float("inf"))
