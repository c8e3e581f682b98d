"""Sign the addresses of clips, so that they expire."""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from cogvid_pipeline.emulator.tasks import Task


class Addresses:
    """Addresses that are good for so many seconds, and until their task gets another."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.time) -> None:
        self._seconds = seconds
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def query(self, task: Task) -> str:
        """What an address that is given out now ends in."""
        expires = str(int(self._clock() + self._seconds))
        return urlencode({"expires": expires, "sign": self._sign(task, expires)})

    def good(self, task: Task, query: Mapping[str, str]) -> bool:
        """Whether an address that ends so may still be used."""
        expires = query.get("expires", "")
        signed = hmac.compare_digest(query.get("sign", "").encode(), self._sign(task, expires).encode())
        return signed and self._clock() < int(expires)

    def _sign(self, task: Task, expires: str) -> str:
        text = f"{task.id}\n{task.address}\n{expires}"
        return hmac.digest(self._secret, text.encode(), "sha256").hex()
