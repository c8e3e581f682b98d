"""Download a clip, going on where an earlier try broke off."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self, TypeAlias

import httpx

from cogvid_pipeline.durable import sync
from cogvid_pipeline.effects import reached
from cogvid_pipeline.errors import ClipGone, FetchError, StateError
from cogvid_pipeline.providers.http import Lane, describe, fit_to_show

LARGEST_CLIP = 2 * 1024**3
# Seconds to wait before each resume of a download that was cut short.
PAUSES = (0.2, 1.0, 3.0)

# Called with the bytes there are so far and, where it is known, the bytes there will be.
Progress: TypeAlias = Callable[[int, int | None], None]

_GONE = (401, 403, 404, 410)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


async def download(
    lane: Lane,
    url: str,
    into: Path,
    progress: Progress,
    *,
    pauses: Sequence[float] = PAUSES,
    largest: int = LARGEST_CLIP,
) -> None:
    """Fetch `url` into a file; a part of it that an earlier call left there is gone on with.

    What a part belongs to is noted beside it until the file is whole, and how much of it is safe; what a call
    left that was killed begins anew. `largest` is in bytes. Raises ClipGone when the address is dead,
    FetchError when it may work later, StateError when the disk refuses.
    """
    where = fit_to_show(_without_query(url))
    waits = iter(pauses)
    async with lane.gate:
        while True:
            try:
                await _go_on(lane.client, url, into, progress, largest)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL, ValueError) as error:
                raise ClipGone(f"{where} is no address to download from: {describe(error)}") from error
            except httpx.TransportError as error:
                pause = next(waits, None)
                if pause is None:
                    raise FetchError(f"the download of {where} broke off: {describe(error)}") from error
                await asyncio.sleep(pause)
            except httpx.HTTPError as error:
                raise FetchError(f"cannot download {where}: {describe(error)}") from error
            except OSError as error:
                reason = error.strerror or str(error)
                raise StateError(f"cannot write {into}: {reason}", hint="free some space") from error
            else:
                return


@dataclass(frozen=True, slots=True)
class _Part:
    """What an unfinished file is a part of.

    `source` is the address without its query, which is signed anew each time; `validator` is what the
    server calls this version of the file, empty where it does not say; `total` is in bytes, of which the
    first `safe` survive a power cut.
    """

    source: str
    validator: str
    total: int
    safe: int = 0

    @classmethod
    def load(cls, note: Path) -> Self | None:
        try:
            return cls(**json.loads(note.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def save(self, note: Path) -> None:
        note.write_text(json.dumps(asdict(self)))
        reached("written", note)

    def keep(self, into: Path, note: Path) -> None:
        """Make what there is of the file safe, so that it can be gone on with."""
        sync(into)
        replace(self, safe=into.stat().st_size).save(note)

    def range_headers(self, have: int) -> dict[str, str]:
        return {"Range": f"bytes={have}-"} | ({"If-Range": self.validator} if self.validator else {})

    def goes_on(self, response: httpx.Response, have: int) -> bool:
        """Whether the body is the rest of this very file."""
        place = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        return place is not None and int(place[1]) == have and int(place[2]) == self.total


async def _go_on(client: httpx.AsyncClient, url: str, into: Path, progress: Progress, largest: int) -> None:
    note = into.with_name(f"{into.name}.part")
    part, have = _find_part(url, into, note)
    headers = {"Accept-Encoding": "identity"} | (part.range_headers(have) if part else {})
    async with client.stream("GET", url, headers=headers, follow_redirects=True) as response:
        _check_status(response)
        if response.status_code == 200:
            part, have = _begin(response, url, into, note), 0
        elif part is None or not part.goes_on(response, have):
            note.unlink(missing_ok=True)
            raise httpx.RemoteProtocolError(f"the server did not go on at byte {have}")
        try:
            await _receive(response, into, have, part.total if part else None, progress, largest)
        except (httpx.TransportError, asyncio.CancelledError):
            if part:
                part.keep(into, note)
            raise
    note.unlink(missing_ok=True)
    reached("removed", note)


def _find_part(url: str, into: Path, note: Path) -> tuple[_Part | None, int]:
    """What there is of the clip at this address already, and how many bytes."""
    part = _Part.load(note)
    have = into.stat().st_size if into.exists() else 0
    # What came after the last note may have holes, if the power was cut since then.
    usable = part and have and part.safe == have and part.source == _without_query(url)
    return (part, have) if usable else (None, 0)


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status in _GONE:
        raise ClipGone(f"{fit_to_show(_without_query(str(response.url)))} is gone (HTTP {status})")
    if status not in {200, 206, 416}:
        raise FetchError(f"{fit_to_show(_without_query(str(response.url)))} answered HTTP {status}")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise FetchError("the server sends the clip compressed, which was not asked for")


def _begin(response: httpx.Response, url: str, into: Path, note: Path) -> _Part | None:
    """Empty the file and note what it will be a part of, where the server says enough to go on later."""
    into.write_bytes(b"")
    length = response.headers.get("Content-Length")
    if length is None:
        note.unlink(missing_ok=True)
        return None
    tag = response.headers.get("ETag", "")
    # A weak tag does not promise the same bytes, so it must not vouch for the rest of them.
    validator = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
    part = _Part(_without_query(url), validator, int(length))
    part.save(note)
    return part


async def _receive(
    response: httpx.Response, into: Path, have: int, total: int | None, progress: Progress, largest: int
) -> None:
    with into.open("ab") as file:
        progress(have, total)
        async for chunk in response.aiter_raw():
            have += len(chunk)
            if max(have, total or 0) > largest:
                raise FetchError(f"the clip is larger than {largest} bytes")
            file.write(chunk)
            progress(have, total)
    reached("written", into)
    if total is not None and have != total:
        raise httpx.RemoteProtocolError(f"{have} of {total} bytes came")


def _without_query(url: str) -> str:
    return re.split(r"[?#]", url, maxsplit=1)[0]
