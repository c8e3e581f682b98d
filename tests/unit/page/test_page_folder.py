"""The folder that the storyboard page is written into."""

import hashlib
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from cogvid_pipeline.crew.here import Here
from cogvid_pipeline.errors import ClusterError, MediaError, UsageError
from cogvid_pipeline.jobs import Files, Job
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.page.site import Footage, Poster, Site
from cogvid_pipeline.report.page import storyboard_page
from cogvid_pipeline.report.page_cards import Reel
from cogvid_pipeline.report.page_view import Film, Page
from tests.boards import clip, locked, plan_for, shot, storyboard

CREW = Here(ThreadPoolExecutor(2))


def a_poster(clip: Path, into: Path, *, size: tuple[int, int]) -> None:
    into.write_text(f"{size[0]}x{size[1]} of {clip.read_text(encoding='utf-8')}", encoding="utf-8")


def no_poster(clip: Path, _into: Path, *, size: tuple[int, int]) -> None:
    raise MediaError(f"{clip} does not play in {size}")


@pytest.fixture
def open_site(tmp_path: Path) -> Callable[..., Site]:
    def open_it(poster: Poster = a_poster) -> Site:
        return Site(tmp_path / "site", copy=_copy, poster=poster)

    return open_it


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


@pytest.fixture
def film(tmp_path: Path) -> Callable[[str], Footage]:
    def make(words: str) -> Footage:
        path = tmp_path / f"{words}.mp4"
        path.write_text(words, encoding="utf-8")
        return Footage(described(words), lambda: path)

    return make


def described(words: str) -> Clip:
    digest = hashlib.sha256(words.encode()).hexdigest()
    return replace(clip(), sha256=digest, bytes=len(words.encode()))


def page(**films: Film) -> Page:
    board = storyboard(*(shot(name) for name in films))
    return storyboard_page(board, locked(), plan_for(board), Reel(films))


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """What is in a folder, and when each file was written."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_clips_and_posters_lie_beside_the_page(open_site, film, tmp_path: Path) -> None:
    site = open_site()
    films = site.bring({"cat": film("miaow")}, CREW)

    index = site.write(page(**films))

    found = files(tmp_path / "site")
    assert index == tmp_path / "site" / "index.html"
    assert found[films["cat"].clip][0] == b"miaow"
    assert found[films["cat"].poster][0] == b"640x360 of miaow"
    assert set(found) == {
        ".gitignore", "cogvid-site.txt", "index.html", "page.css", "page.js",
        films["cat"].clip, films["cat"].poster,
    }  # fmt: skip


def test_writing_it_again_leaves_every_file_as_it_is(open_site, film, tmp_path: Path) -> None:
    def write() -> dict[str, tuple[bytes, int]]:
        site = open_site()
        site.write(page(**site.bring({"cat": film("miaow")}, CREW)))
        return files(tmp_path / "site")

    assert write() == write()


def test_what_is_in_the_site_already_is_looked_for_nowhere_else(open_site, film) -> None:
    open_site().bring({"cat": film("miaow")}, CREW)

    brought = open_site(no_poster).bring(
        {"cat": Footage(described("miaow"), lambda: pytest.fail("asked"))}, CREW
    )

    assert set(brought) == {"cat"}


def test_what_is_shown_no_more_is_removed_and_nothing_else_is(open_site, film, tmp_path: Path) -> None:
    first = open_site()
    old = first.bring({"cat": film("miaow")}, CREW)
    first.write(page(**old))
    (tmp_path / "site" / "clips" / "notes.txt").write_text("mine", encoding="utf-8")

    second = open_site()
    new = second.bring({"dog": film("woof")}, CREW)
    second.write(page(**new))

    found = files(tmp_path / "site")
    assert old["cat"].clip not in found
    assert old["cat"].poster not in found
    assert new["dog"].clip in found
    assert "clips/notes.txt" in found


def test_a_clip_that_is_cut_off_is_brought_again(open_site, film, tmp_path: Path) -> None:
    films = open_site().bring({"cat": film("miaow")}, CREW)
    target = tmp_path / "site" / films["cat"].clip
    target.write_text("mi", encoding="utf-8")

    open_site().bring({"cat": film("miaow")}, CREW)

    assert target.read_text(encoding="utf-8") == "miaow"


def test_a_clip_that_cannot_be_had_or_played_is_left_out(open_site, film) -> None:
    site = open_site(no_poster)

    assert site.bring({"cat": film("miaow"), "dog": Footage(described("woof"), lambda: None)}, CREW) == {}


def test_a_clip_that_two_shots_share_is_there_once(open_site, film, tmp_path: Path) -> None:
    films = open_site().bring({"cat": film("miaow"), "twin": film("miaow")}, CREW)

    assert films["cat"] == films["twin"]
    assert len(list((tmp_path / "site" / "clips").iterdir())) == 1


def test_pictures_are_brought_as_small_copies(open_site, tmp_path: Path) -> None:
    def small(_files: Files, into: Path) -> None:
        into.write_bytes(b"small")

    def broken(_files: Files, _into: Path) -> None:
        raise MediaError("no picture")

    site = open_site()
    pictures = {"a" * 64: partial(Job, small, {}), "b" * 64: partial(Job, broken, {})}

    assert site.bring_pictures(pictures, CREW) == {"a" * 64}
    site.write(page())
    assert (tmp_path / "site" / "posters" / f"{'a' * 24}.jpg").read_bytes() == b"small"


def test_what_is_drawn_late_leaves_nothing_in_a_site_that_could_not_be_made(
    open_site, tmp_path: Path
) -> None:
    begun = Barrier(2)

    def late(_files: Files, into: Path) -> None:
        begun.wait()
        time.sleep(0.2)
        into.write_bytes(b"late")

    def broken(_files: Files, _into: Path) -> None:
        begun.wait()
        raise ClusterError("gone")

    pictures = {"a" * 64: partial(Job, late, {}), "b" * 64: partial(Job, broken, {})}
    with ThreadPoolExecutor(2) as pool, pytest.raises(ClusterError):
        open_site().bring_pictures(pictures, Here(pool, near=False))

    assert list((tmp_path / "site" / "posters").iterdir()) == []


@pytest.mark.parametrize("name", ["index.html", "holiday.jpg", ".env"])
def test_a_folder_with_other_things_in_it_is_left_alone(open_site, tmp_path: Path, name: str) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / name).write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="no site that cogvid wrote"):
        open_site()
    assert files(tmp_path / "site").keys() == {name}


def test_an_empty_folder_is_taken(open_site, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()

    open_site()

    assert (tmp_path / "site" / "cogvid-site.txt").is_file()


def test_a_file_in_its_place_is_left_alone(open_site, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="no folder"):
        open_site()


def test_a_link_that_leads_out_of_the_site_is_not_followed(open_site, tmp_path: Path) -> None:
    open_site()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "site" / "clips").rmdir()
    (tmp_path / "site" / "clips").symlink_to(elsewhere)

    with pytest.raises(UsageError, match="is a link"):
        open_site()


def test_a_poster_that_is_a_link_is_not_uploaded_in_the_name_of_the_page(open_site, tmp_path: Path) -> None:
    open_site()
    (tmp_path / "site" / "posters" / f"{'a' * 24}.jpg").symlink_to(tmp_path / "secret")

    with pytest.raises(UsageError, match="is a link"):
        open_site()
