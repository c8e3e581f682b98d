"""Clear a shared store of what nobody needs."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from cogvid_pipeline.errors import DamagedObject, StoreError
from cogvid_pipeline.model.cache import CacheFile, Needed, Reason
from cogvid_pipeline.remote.bucket import AT_ONCE, Object
from cogvid_pipeline.remote.shared import SharedStore, clip_key

_CLIP = re.compile(r"clips/[0-9a-f]{2}/([0-9a-f]{64})\.mp4")
_RECORD = re.compile(r"requests/[0-9a-f]{2}/([0-9a-f]{64})\.json")
_WORK = re.compile(r"work/[0-9a-f]{2}/[0-9a-f]{64}")
_PROJECT = re.compile(r"projects/(.+)\.json")


def check_own(store: SharedStore, project: str, *, unshared: bool) -> None:
    """Raise StoreError unless this project uses the store, and no other one does or `unshared` says so."""
    store.is_marked()  # what another cogvid keeps there is not known
    names = {found[1] for each in store.bucket.objects("projects") if (found := _PROJECT.fullmatch(each.key))}
    if project not in names:
        raise StoreError(
            f"project {project} has never pushed to {store.address}",
            hint="see that the address is right; `cogvid push` makes it the project's own",
        )
    if (others := sorted(names - {project})) and not unshared:
        raise StoreError(
            f"{store.address} also serves {', '.join(others)}, whose locks cannot be seen from here",
            hint="if they are gone, or are in this repository, add --unshared",
        )


def survey(store: SharedStore, needed: Needed, *, now: float, grace: float) -> list[CacheFile]:
    """The objects of the store, the oldest first, and why each stays.

    A record stays with its clip. One that is young, or came from the future, keeps an old clip as well. What
    cogvid did not put there, or cannot read, is left out.
    """

    def is_young(each: Object) -> bool:
        return now - each.written < grace

    records = [each for each in store.bucket.objects("requests") if _RECORD.fullmatch(each.key)]
    clips = {found[1]: each for each in store.bucket.objects("clips") if (found := _CLIP.fullmatch(each.key))}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        leads = dict(zip(records, pool.map(lambda each: _clip_of(store, each), records), strict=True))
    kept_alive = {digest for each, digest in leads.items() if digest and is_young(each)}
    reasons: dict[str, Reason | None] = {
        digest: needed.clip(digest) or (Reason.YOUNG if is_young(each) or digest in kept_alive else None)
        for digest, each in clips.items()
    }
    files = [_described(each, now, reasons[digest]) for digest, each in clips.items()]
    files += [
        _described(each, now, reasons.get(digest) or (Reason.YOUNG if is_young(each) else None))
        for each, digest in leads.items()
        if digest
    ]
    # What went through a cluster can be made again.
    files += [
        _described(each, now, Reason.YOUNG if is_young(each) else None)
        for each in store.bucket.objects("work")
        if _WORK.fullmatch(each.key)
    ]
    return sorted(files, key=lambda file: (-file.age, file.path))


def remove(store: SharedStore, surveyed: Sequence[CacheFile], *, now: float) -> None:
    """Remove what nobody needed at the survey, records before clips: no record ever leads nowhere.

    What was written since then stays, and so does the clip of a record that was: somebody has pushed it.
    """
    ages = {file.path: file.age for file in surveyed}
    pushed = {
        each.key: each
        for below in ("clips", "requests", "work")
        for each in store.bucket.objects(below)
        if ages.get(each.key) != now - each.written
    }
    records = [each for key, each in pushed.items() if _RECORD.fullmatch(key)]
    stay = pushed.keys() | {clip_key(digest) for each in records if (digest := _clip_of(store, each))}
    doomed = [file.path for file in surveyed if file.reason is None and file.path not in stay]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for below in ("requests/", "clips/", "work/"):
            list(pool.map(store.bucket.remove, (key for key in doomed if key.startswith(below))))


def clear_abandoned(store: SharedStore, *, before: float, yes: bool) -> Iterator[str]:
    """What uploads that died before then have left; with `yes` it is removed."""
    for name, drop in store.bucket.abandoned(before).items():
        if yes:
            drop()
        yield name


def _clip_of(store: SharedStore, record: Object) -> str | None:
    """The digest of the clip that a record leads to; None where it cannot be read."""
    found = _RECORD.fullmatch(record.key)
    assert found
    try:
        clip = store.read(record.key, f"sha256:{found[1]}").clip
    except DamagedObject:
        return None
    return clip.sha256 if clip else None


def _described(each: Object, now: float, reason: Reason | None) -> CacheFile:
    return CacheFile(each.key, each.bytes, now - each.written, reason)
