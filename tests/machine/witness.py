"""A vendor that can do something at a chosen request, and whose clips can all be told apart."""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cogvid_pipeline.media.frames import frame_image
from tests.clips import YUV, make_clip, numbered
from tests.loopback import Answer, Seen
from tests.vendor import Accept, Cut, Reply, Step, Vendor, free_box

# Whom the proofs are run against; each speaks its own protocol.
PROTOCOLS = ("geekai", "bigmodel", "zai")

CURSED = "The reel tears."

_SOON = {"Retry-After": "0"}

# What can go wrong at a vendor, as a story would tell it.
REFUSALS: dict[str, Step] = {
    "it is too busy for a submission": Reply(429, headers=_SOON),
    "it is overloaded at a submission": Reply(503, headers=_SOON),
    "it refuses a submission": Reply(400),
    "the account is found empty at a submission": Reply(402),
}
DOUBTS: dict[str, Step | Accept] = {
    "a submission is lost on the way": Cut(),
    "its answer to a submission is lost": Accept(then=Cut()),
    "a gateway times out on a submission that never arrived": Reply(504),
    "a gateway times out on a submission that arrived": Accept(then=Reply(504)),
    "it accepts a submission and answers nonsense": Accept(then=Reply(200, b"<html>")),
}
POLLS: dict[str, Step] = {
    "it stumbles over a poll": Reply(500),
    "it is too busy for a poll": Reply(429, headers=_SOON),
    "it answers a poll with nonsense": Reply(200, b"<html>"),
    "a replica does not know a task yet": Reply(404),
    "its answer to a poll is lost": Cut(),
}
DOWNLOADS: dict[str, Step] = {
    "a download breaks off": Cut(after=500),
    "a download does not begin": Cut(),
    "the clips' host stumbles": Reply(502),
}
EXPIRY = "the clips' addresses have expired"
FAULTS = (*REFUSALS, *DOUBTS, *POLLS, *DOWNLOADS, EXPIRY)


class Witness(Vendor):
    """Each task gives a clip of its own picture and size. Submissions of the cursed prompt always fail."""

    def __init__(self, protocol: str, **options: Any) -> None:
        super().__init__(
            protocol=protocol,
            clip=lambda body: clip_number(len(self.accepted) + 1),
            fails=lambda body: {"code": "500", "message": "torn"} if body.get("prompt") == CURSED else None,
            **options,
        )
        self._left = 0
        self._deed: Callable[[], None] = lambda: None
        self._unserved = False
        self._expire = False

    def at_request(self, number: int, deed: Callable[[], None], *, unserved: bool = False) -> None:
        """At so manyth a request from now (1 is the next) do this, before an answer goes out.

        An unserved request comes to nothing: the connection is closed as if it had never arrived.
        """
        self._left, self._deed, self._unserved = number, deed, unserved

    def suffer(self, *faults: str) -> None:
        """Let these things go wrong, at the next occasions."""
        for fault in faults:
            if fault in REFUSALS or fault in DOUBTS:
                self.on_submit((REFUSALS | DOUBTS)[fault])
            elif fault in POLLS:
                self.on_poll(POLLS[fault])
            elif fault in DOWNLOADS:
                self.on_download(DOWNLOADS[fault])
            else:
                self._expire = True

    def calm_down(self) -> None:
        """Answer what has been asked, and let nothing go wrong any more."""
        self.settle()
        self._left, self._expire = 0, False
        for faults in (self._submits, self._polls, self._downloads):
            faults.clear()

    def _answer(self, seen: Seen) -> Answer:
        self._left -= 1
        struck = self._left == 0
        if struck and self._unserved:
            self.requests.append(seen)
            answer = Answer(200, b"", {}, limit=0, then="close")
        else:
            if self._expire and seen.path.startswith("/clips/"):
                self._expire = False
                self.expire_urls()
            answer = super()._answer(seen)
        if struck:
            self._deed()
        return answer


@cache
def clip_number(number: int) -> bytes:
    """A playable MP4 of two frames; no other number has its last frame, its digest or its size."""
    assert number < 256, "there are not so many different pictures"

    def paint(frame: int, width: int, height: int) -> YUV:
        return numbered(number if frame else 0, width, height)

    with TemporaryDirectory() as directory:
        clip = make_clip(Path(directory, "clip.mp4"), frames=2, paint=paint).read_bytes()
    # A file that is in the wrong place is known by its size, as no two clips of a vendor's are equally long.
    return clip + free_box(bytes(4000 + number - len(clip)))


@cache
def last_frame(clip: bytes) -> bytes:
    """The picture that a shot which goes on from this clip is sent."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "clip.mp4")
        path.write_bytes(clip)
        return frame_image(path, "last")[0]


@cache
def digest(clip: bytes) -> str:
    return hashlib.sha256(clip).hexdigest()
