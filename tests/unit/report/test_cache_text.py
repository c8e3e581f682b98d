"""What `gc` says about the cache."""

import pytest

from cogvid_pipeline.model.cache import CacheFile, Reason
from cogvid_pipeline.report.cache import cache_text

DAY = 24 * 60 * 60


def test_unused_files_are_listed_and_the_others_counted() -> None:
    files = [
        CacheFile("clips/aa/a.mp4", 4_200_000, 41.5 * DAY, None),
        CacheFile("partial/b.mp4", 300_000, 1.2 * DAY, None),
        CacheFile("clips/cc/c.mp4", 1, 0, Reason.LOCK),
        CacheFile("clips/dd/d.mp4", 1, 0, Reason.LOCK),
        CacheFile("partial/e.mp4", 1, 0, Reason.UNFINISHED),
        CacheFile("clips/ff/f.mp4", 1, -5.0, Reason.YOUNG),
    ]

    assert cache_text(files, removed=False, grace_days=1) == (
        "  - clips/aa/a.mp4  4.2 MB  41 days old\n"
        "  - partial/b.mp4  0.3 MB  1 day old\n"
        "\n"
        "Not needed: 2 files, 4.5 MB. Nothing was removed; `cogvid gc --yes` does it.\n"
        "Kept: 2 files that a lock names, 1 file of unfinished attempts, 1 file younger than 1 day.\n"
    )


def test_what_was_removed_is_said_so() -> None:
    files = [CacheFile("clips/aa/a.mp4", 4_200_000, 60.0, None)]

    assert cache_text(files, removed=True, grace_days=0) == (
        "  - clips/aa/a.mp4  4.2 MB  less than a day old\n\nRemoved: 1 file, 4.2 MB.\n"
    )


@pytest.mark.parametrize("removed", [False, True])
def test_where_nothing_is_unused_there_is_nothing_to_remove(removed: bool) -> None:
    kept = [CacheFile("clips/aa/a.mp4", 1, 0, Reason.LEDGER)]

    assert cache_text([], removed=removed, grace_days=30) == "Nothing to remove.\n"
    assert cache_text(kept, removed=removed, grace_days=30) == (
        "Nothing to remove.\nKept: 1 file that the ledger names.\n"
    )


def test_a_name_cannot_act_on_the_terminal() -> None:
    files = [CacheFile("clips/\x1b[2J.mp4", 1, 0, None)]

    assert "\\x1b[2J" in cache_text(files, removed=False, grace_days=30)
