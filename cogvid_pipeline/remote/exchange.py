"""Hand files from machine to machine by way of a shared store, apart from the clips that were paid for."""

from dataclasses import dataclass, field
from pathlib import Path

from cogvid_pipeline.durable import staging_beside, write_failures_named
from cogvid_pipeline.errors import DamagedObject
from cogvid_pipeline.remote.bucket import BLOCK, Bucket
from cogvid_pipeline.remote.shared import MARK, clip_key
from cogvid_pipeline.store.clips import digest_of_file

_HINT = "run the command again: what is damaged is sent anew"


def work_key(sha256: str) -> str:
    """Where a file lies that is on its way."""
    return f"work/{sha256[:2]}/{sha256}"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file in the store: where it lies, its digest and its size."""

    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A place where machines that know no more of each other find files by their digests.

    It is used for as long as a command or a job lasts. Methods may be called from several threads, and raise
    StoreError when the store cannot be used.
    """

    bucket: Bucket
    _sent: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Raise StoreError unless the place can be read."""
        self.bucket.size(MARK)

    def put(self, file: Path) -> Parcel:
        """See to it that a file is there; a clip that was pushed is there already."""
        sha256, size = digest_of_file(file), file.stat().st_size
        if self.bucket.holds(clip_key(sha256), file):
            return Parcel(clip_key(sha256), sha256, size)
        key = work_key(sha256)
        # One that somebody else has sent may be so old that `gc --remote` removes it under a job.
        if key not in self._sent or not self.bucket.holds(key, file):
            self.bucket.upload(file, key)
            self._sent.add(key)
        return Parcel(key, sha256, size)

    def fetch(self, parcel: Parcel, into: Path) -> None:
        """Bring a file here, under its name when it is whole. Raises DamagedObject for another one."""
        staging = staging_beside(into)
        try:
            with write_failures_named(into):
                with staging.open("xb") as file:
                    for start in range(0, parcel.bytes, BLOCK):
                        end = min(start + BLOCK, parcel.bytes)
                        file.write(self.bucket.read(parcel.key, start, end))
                if digest_of_file(staging) != parcel.sha256:
                    what = f"{self.bucket.address}/{parcel.key} is damaged: its digest is not its name"
                    raise DamagedObject(what, hint=_HINT)
                staging.replace(into)
        finally:
            staging.unlink(missing_ok=True)
