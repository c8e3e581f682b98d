"""A team's clips: put there by content, found by what was asked for, and believed by their digests alone."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from cogvid_pipeline.durable import write_failures_named
from cogvid_pipeline.errors import DamagedObject, StateError, StoreError
from cogvid_pipeline.model.attempt import Attempt, Stored
from cogvid_pipeline.remote.bucket import BLOCK, Bucket
from cogvid_pipeline.remote.entry import LARGEST, read_record, write_record
from cogvid_pipeline.store.clips import digest_of_file

MARK = "store.json"
VERSION = 1

_FINGERPRINT = re.compile(r"sha256:([0-9a-f]{64})")

# Called with the bytes there are so far and the bytes there will be.
Progress: TypeAlias = Callable[[int, int | None], None]


def clip_key(sha256: str) -> str:
    """Where the clip with this digest lies."""
    return f"clips/{sha256[:2]}/{sha256}.mp4"


def record_key(fingerprint: str) -> str:
    """Where the record of a request lies."""
    found = _FINGERPRINT.fullmatch(fingerprint)
    assert found
    return f"requests/{found[1][:2]}/{found[1]}.json"


@dataclass(frozen=True)
class SharedStore:
    """The shared store in a bucket.

    `genuine` says whether an attempt's request is the one of its fingerprint. Methods may be called from
    several threads, and raise StoreError when the store cannot be used, or what it has is damaged.
    """

    bucket: Bucket
    genuine: Callable[[Attempt], bool]
    _found: dict[str, Attempt] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.bucket.address

    def check(self) -> None:
        """Raise StoreError unless the place is a store; it is asked once."""
        self._check_marked  # noqa: B018

    def find(self, fingerprint: str) -> Attempt | None:
        """A colleague's attempt at this request, whose clip is there; its bytes are not looked at yet."""
        self.check()  # an empty place must not look like one where nothing was made
        if fingerprint not in self._found and (attempt := self._record(fingerprint)):
            self._check_size(attempt.clip)
            self._found[fingerprint] = attempt
        return self._found.get(fingerprint)

    def has(self, clip: Stored) -> bool:
        """Whether the clip is there, judged by its size."""
        return self.bucket.size(clip_key(clip.sha256)) == clip.bytes

    def fetch(self, clip: Stored, into: Path, progress: Progress = lambda *_: None) -> bool:
        """Download a clip, going on where a part of it is there already, and check its digest.

        False where the store has no such clip. Raises DamagedObject when it is not what its name says.
        """
        if self.bucket.size(key := clip_key(clip.sha256)) is None:
            return False
        self._check_size(clip)
        have = into.stat().st_size if into.exists() else 0
        with write_failures_named(into), into.open("ab" if have < clip.bytes else "wb") as file:
            while (at := file.tell()) < clip.bytes:
                block = self.bucket.read(key, at, min(at + BLOCK, clip.bytes))
                if not block:
                    break
                file.write(block)
                progress(file.tell(), clip.bytes)
        if digest_of_file(into) != clip.sha256:
            into.unlink()  # whichever part of it was wrong
            if have:
                return self.fetch(clip, into, progress)
            raise self._damaged(key, "its digest is not its name")
        return True

    def put_clip(self, clip: Stored, file: Path) -> bool:
        """Upload a clip unless it is there, and check that it has arrived. Whether it was sent."""
        key = clip_key(clip.sha256)
        if self.bucket.holds(key, file):
            return False
        self.bucket.upload(file, key)
        if not self.bucket.holds(key, file):
            raise self._damaged(key, "it did not arrive as it was sent")
        return True

    def put_record(self, attempt: Attempt) -> bool:
        """Record whose clip answers a request, unless there is a record that will do. Whether it was new.

        The clip is there already: a record never leads nowhere. One that will do is written again as it is:
        whoever clears the store goes by its age.
        """
        key = record_key(attempt.fingerprint)
        try:
            standing = self._record(attempt.fingerprint)
            if standing and standing.clip and self.has(standing.clip):
                self.bucket.write(key, self.bucket.read(key, 0, LARGEST))
                return False
        except DamagedObject:
            pass  # a good one takes its place
        self.bucket.write(key, write_record(attempt))
        return True

    def mark(self, project: str) -> None:
        """Make the place a store, and one that this project uses. Raises StoreError for another cogvid's."""
        self.is_marked()
        for key in (MARK, f"projects/{project}.json"):
            if self.bucket.size(key) is None:
                self.bucket.write(key, json.dumps({"version": VERSION}).encode() + b"\n")

    def is_marked(self) -> bool:
        """Whether the place is a store. Raises StoreError for one that this cogvid cannot read."""
        size = self.bucket.size(MARK)
        if size is None:
            return False
        try:
            mark = json.loads(self.bucket.read(MARK, 0, min(size, LARGEST)) if size else b"")
        except (ValueError, RecursionError):
            mark = None
        version = mark.get("version") if isinstance(mark, dict) else None
        if type(version) is not int:  # nor True, which equals 1
            raise DamagedObject(
                f"{self.address}/{MARK} is damaged: it does not say which version the store has",
                hint="see that the address is right; if it is, remove that file, and `cogvid push` writes it",
            )
        if version != VERSION:
            raise StoreError(
                f"{self.address} has version {version}; this cogvid reads version {VERSION}",
                hint="upgrade cogvid",
            )
        return True

    def read(self, key: str, fingerprint: str) -> Attempt:
        """The attempt that the record at a key is about. Raises DamagedObject."""
        size = self.bucket.size(key) or 0
        if size > LARGEST:
            raise self._damaged(key, f"{size} bytes are too many for a record")
        data = self.bucket.read(key, 0, size) if size else b""
        try:
            return read_record(f"{self.address}/{key}", data, fingerprint, self.genuine)
        except StateError as error:
            raise DamagedObject(str(error), hint=error.hint) from None

    def _record(self, fingerprint: str) -> Attempt | None:
        key = record_key(fingerprint)
        return None if self.bucket.size(key) is None else self.read(key, fingerprint)

    @cached_property
    def _check_marked(self) -> None:
        if not self.is_marked():
            raise StoreError(
                f"{self.address} is no store of clips yet",
                hint="see that the address is right; `cogvid push` makes it one",
            )

    def _check_size(self, clip: Stored | None) -> None:
        if clip and not self.has(clip):
            raise self._damaged(clip_key(clip.sha256), "it has not the size that it should have, or is gone")

    def _damaged(self, key: str, what: str) -> DamagedObject:
        return DamagedObject(
            f"{self.address}/{key} is damaged: {what}",
            hint="`cogvid push` by someone who has the clip repairs it",
        )
