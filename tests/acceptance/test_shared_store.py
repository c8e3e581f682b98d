"""`push`, `pull`, and the look-up that makes a colleague's clip a reuse."""

import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest

from tests.documents import check
from tests.project import Project, QuickProject
from tests.s3 import S3
from tests.vendor import Vendor, free_box, small_clip

CAT = "  cat: {prompt: A cat plays.}\n"
NAP = "  nap: {prompt: It sleeps., image: {shot: cat, frame: last}}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with S3(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def s3(server: S3, tmp_path: Path) -> S3:
    """A server that is alive, and a place on it where nothing is yet."""
    server.name = tmp_path.name
    return server


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mine`, a project whose clips are made, and `shelf`, where they are pushed to; their vendor is gone."""
    root = tmp_path_factory.mktemp("seed")
    with Vendor() as vendor:
        mine = QuickProject(root / "mine", vendor, env={"COGVID_REMOTE": str(root / "shelf")})
        (root / "shelf").mkdir()
        mine.root.mkdir()
        mine.write(CAT + NAP)
        shared(mine)
    return root


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A directory that is shared."""
    (tmp_path / "shelf").mkdir()
    return tmp_path / "shelf"


@pytest.fixture
def make(tmp_path: Path, vendor: Vendor, shelf: Path) -> Callable[..., Project]:
    """Makes the project of somebody who shares the directory, or another place."""

    def make(name: str, shots: str = CAT + NAP, kind: type[Project] = QuickProject, **env: str) -> Project:
        project = kind(tmp_path / name, vendor, env={"COGVID_REMOTE": str(shelf), **env})
        project.root.mkdir(exist_ok=True)
        project.write(shots)
        return project

    return make


@pytest.fixture
def mine(seed: Path, tmp_path: Path, shelf: Path, make: Callable[..., Project]) -> Project:
    """The seed's project, pushed to the directory that is shared here."""
    copytree(seed / "mine", tmp_path / "mine")
    copytree(seed / "shelf", shelf, dirs_exist_ok=True)
    return make("mine")


@pytest.fixture
def yours(mine: Project, make: Callable[..., Project]) -> Project:
    """A colleague's clone: with the lock, and nothing else."""
    yours = make("yours")
    copy(mine.root / "cogvid.lock", yours.root)
    return yours


def shared(project: Project) -> Project:
    """The project, its clips made and pushed."""
    assert project.apply("--no-remote").code == 0
    ran = project.run("push")
    assert ran.code == 0, ran.err
    return project


def clip_of(take: str, project: Project, place: Path) -> Path:
    """The file of a take's clip in a store."""
    digest = project.lock[take]["result"]["clip"]["sha256"]
    return place / f"clips/{digest[:2]}/{digest}.mp4"


def record_of(take: str, project: Project, place: Path) -> Path:
    """The file of a take's record in a store."""
    digest = project.lock[take]["result"]["fingerprint"].removeprefix("sha256:")
    return place / f"requests/{digest[:2]}/{digest}.json"


def clips_in(place: Path) -> list[Path]:
    return sorted(place.glob("clips/*/*.mp4"))


def records_in(place: Path) -> list[Path]:
    return sorted(place.glob("requests/*/*.json"))


# --- from one machine to another -----------------------------------------------------------------------


def test_what_one_has_paid_for_and_pushed_the_other_reuses(
    mine: Project, make: Callable[..., Project], vendor: Vendor, s3: S3
) -> None:
    mine.env.update(s3.environment)
    pushed = mine.run("push")
    yours = make("yours", **s3.environment)

    applied = yours.apply()

    assert pushed.out == f"s3://our-clips/{s3.name}: 2 clips sent, 0 there already\n"
    assert (applied.code, applied.err) == (0, applied.err)
    assert "= cat  reuse       a colleague's; the shared store has it" in applied.out
    assert "= nap  reuse" in applied.out
    assert "It costs nothing." in applied.out
    assert (vendor.posts, vendor.downloads) == ([], [])
    assert yours.lock == mine.lock
    assert (yours.root / "renders/nap.mp4").read_bytes() == (mine.root / "renders/nap.mp4").read_bytes()


def test_pull_brings_the_clips_of_the_lock_without_a_key(mine: Project, yours: Project, s3: S3) -> None:
    for each in (mine, yours):
        each.env.update(s3.environment)
        each.vendor = None
    mine.run("push")

    one, both = yours.run("pull", "--select", "cat"), yours.run("pull")

    assert one.out == f"s3://our-clips/{s3.name}: 1 fetched, 0 here already\n"
    assert both.out == f"s3://our-clips/{s3.name}: 1 fetched, 1 here already\n"
    assert yours.run("check").code == 0
    assert yours.run("assemble", "-o", "film.mp4").code == 0


def test_planning_asks_the_store_only_with_remote(mine: Project, make: Callable[..., Project]) -> None:
    yours = make("yours")

    assert yours.plan() == {"cat": "generate", "nap": "generate"}
    assert yours.plan("--remote") == {"cat": "reuse", "nap": "reuse"}
    assert not (yours.root / "cogvid.lock").exists()


@pytest.mark.parametrize("command", ["plan", "validate", "status", "check", "show", "graph", "report"])
def test_what_needs_no_network_does_not_go_to_the_store_that_a_manifest_names(
    make: Callable[..., Project], s3: S3, command: str
) -> None:
    """A manifest comes with pull requests, and these run on them."""
    yours = make("yours", CAT, **s3.environment)
    del yours.env["COGVID_REMOTE"]
    yours.write(CAT, more="remote: s3://somebody/clips\n")
    before = s3.calls

    ran = yours.run(command)

    assert ran.code in {0, 2}, ran.err
    assert s3.calls == before


def test_a_plan_saved_with_remote_is_what_apply_does(
    mine: Project, make: Callable[..., Project], vendor: Vendor
) -> None:
    yours = make("yours")

    document = json.loads(yours.run("plan", "--remote", "--format", "json", "--out", "plan.json").out)
    ran = yours.run("apply", "plan.json")

    check("plan", document)
    assert document["options"]["remote"] is True
    assert ran.code == 0, ran.err
    assert vendor.posts == []


def test_a_plan_saved_without_it_may_turn_out_free(
    mine: Project, make: Callable[..., Project], vendor: Vendor
) -> None:
    yours = make("yours")
    yours.run("plan", "--out", "plan.json")

    ran = yours.run("apply", "plan.json", "--json")

    assert ran.code == 0, ran.err
    for event in ran.events:
        check("event", event)
    assert [event["shot"] for event in ran.events if event["event"] == "reused"] == ["cat", "nap"]
    assert vendor.posts == []


def test_replace_pays_although_a_colleague_has_it(
    mine: Project, make: Callable[..., Project], vendor: Vendor
) -> None:
    yours = make("yours", CAT)

    assert yours.apply("--replace", "cat").code == 0
    assert len(vendor.posts) == 1


def test_a_clip_that_the_vendor_has_lost_comes_from_the_store(yours: Project, vendor: Vendor) -> None:
    assert yours.apply().code == 0

    assert (yours.root / "renders/cat.mp4").exists()
    assert vendor.posts == []


def test_clips_that_cost_nothing_are_not_shared(make: Callable[..., Project], shelf: Path) -> None:
    mine = make("mine")
    mine.write(CAT, provider="preview")
    mine.apply()

    assert mine.run("push").out == f"{shelf}: 0 clips sent, 0 there already\n"
    assert clips_in(shelf) == records_in(shelf) == []
    assert mine.run("pull").out == f"{shelf}: 0 fetched, 0 here already\n"


def test_the_first_of_two_who_paid_for_the_same_is_who_others_find(
    mine: Project, make: Callable[..., Project], vendor: Vendor, shelf: Path
) -> None:
    vendor.clip = lambda body: small_clip() + free_box(b"another")
    second = shared(make("second", CAT))
    third = make("third", CAT)
    third.apply()

    assert len(clips_in(shelf)) == 3
    assert third.lock["cat"] != second.lock["cat"]
    assert third.lock["cat"] == mine.lock["cat"]


def test_what_is_neither_here_nor_there_is_said(yours: Project, shelf: Path) -> None:
    for path in clips_in(shelf):
        path.unlink()

    pushed, pulled = yours.run("push"), yours.run("pull")

    assert (pushed.code, pulled.code) == (1, 1)
    assert "cat: failed: its clip is neither on this machine nor in the store" in pushed.err
    assert "cat: failed: the shared store does not have it (`cogvid apply` asks the vendor" in pulled.err


def test_nothing_in_a_record_is_a_secret(mine: Project, shelf: Path, vendor: Vendor) -> None:
    record = records_in(shelf)[0]
    result = json.loads(record.read_text())["shots"]["clip"]["result"]

    assert "?" not in result["url"]
    assert vendor.key not in record.read_text()
    assert record.stem == result["fingerprint"].removeprefix("sha256:")


# --- cut off, and down ---------------------------------------------------------------------------------


def test_a_store_that_dies_in_the_middle_of_an_upload_gets_the_rest_later(
    make: Callable[..., Project], vendor: Vendor, s3: S3
) -> None:
    vendor.clip = lambda body: small_clip() + free_box(os.urandom(3_000_000))
    shots = "".join(f"  cat{n}: {{prompt: Cat {n}.}}\n" for n in range(4))
    mine = make("mine", shots, Project, **s3.environment)
    mine.apply("--no-remote")

    s3.die_after(4_000_000)
    broken = mine.run("push")
    there = len([path for path in clips_in(s3.place) if is_whole(path)])
    s3.start()
    again = mine.run("push")

    assert broken.code == 1
    assert f"error: the shared store s3://our-clips/{s3.name} cannot be used: " in broken.err
    assert again.code == 0, again.err
    assert there < 4
    assert again.out.endswith(f": {4 - there} clips sent, {there} there already\n")
    assert all(map(is_whole, clips_in(s3.place)))
    assert len(records_in(s3.place)) == 4
    yours = make("yours", CAT.replace("A cat plays", "Cat 3"), **s3.environment)
    assert yours.plan("--remote") == {"cat": "reuse"}


def is_whole(path: Path) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == path.stem


def test_a_push_that_is_interrupted_ends_in_order_and_goes_on_where_it_was(
    make: Callable[..., Project], s3: S3
) -> None:
    mine = make("mine", "  cat: {prompt: A cat plays., takes: 10}\n", Project, **s3.environment)
    mine.apply("--no-remote")

    at_once, in_order = interrupted(mine, s3, times=2), interrupted(mine, s3, times=1)
    again = mine.run("push")

    assert at_once == (130, "stopping: what is under way is finished; again to stop at once\n")
    assert in_order[0] == 130
    left = re.search(r"error: stopped; (\d+) of 10 are left\n hint: run the same command again", in_order[1])
    assert left
    assert again.out.endswith(f": {left[1]} clips sent, {10 - int(left[1])} there already\n")


def interrupted(project: Project, s3: S3, *, times: int) -> tuple[int, str]:
    """How a push ends that gets so many Ctrl-Cs while clips are on their way, and what it says."""
    stalled = s3.stall_at(b"/clips/")
    pushing = project.start("push")
    try:
        assert pushing.stderr
        assert stalled.wait(30)
        pushing.send_signal(signal.SIGINT)
        said = pushing.stderr.readline()
        if times > 1:
            pushing.send_signal(signal.SIGINT)
            pushing.wait()
    finally:
        s3.flow()
    return pushing.wait(), said + pushing.communicate()[1]


def test_a_store_that_cannot_be_asked_stops_apply_before_it_pays(
    make: Callable[..., Project], vendor: Vendor, s3: S3
) -> None:
    yours = make("yours", CAT, Project, **s3.environment)
    planned = yours.run("plan", "--out", "plan.json")
    s3.kill()

    try:
        applied, saved = yours.apply(), yours.run("apply", "plan.json")
    finally:
        s3.start()

    assert planned.code == 0
    assert applied.code == 1
    assert f"error: the shared store s3://our-clips/{s3.name} cannot be used: " in applied.err
    assert "--no-remote goes without, and may pay for a colleague's clip" in applied.err
    assert saved.code == 1
    assert "failed: not submitted: the shared store" in saved.err
    assert vendor.posts == []
    assert yours.apply("--no-remote").code == 0
    assert len(vendor.posts) == 1


def test_a_plan_that_waits_for_a_silent_store_ends_at_ctrl_c(make: Callable[..., Project], s3: S3) -> None:
    yours = make("yours", CAT, Project, **s3.environment)
    stalled = s3.stall_at(b"/store.json")

    try:
        planning = yours.start("plan", "--remote")
        assert stalled.wait(30)
        planning.send_signal(signal.SIGINT)
        said = planning.communicate()
    finally:
        s3.flow()

    assert (planning.returncode, *said) == (130, "", "\ninterrupted\n")


def test_a_download_that_was_cut_off_goes_on_where_it_was(yours: Project, shelf: Path) -> None:
    clip = clip_of("cat", yours, shelf)
    staged = hashlib.sha256(f"shared {clip.stem}".encode()).hexdigest()[:32]
    part = yours.root / f".cogvid/partial/{staged}.mp4"
    part.parent.mkdir(parents=True)
    part.write_bytes(clip.read_bytes()[:100])

    assert yours.run("pull").code == 0
    assert (yours.root / "renders/cat.mp4").read_bytes() == clip.read_bytes()


def test_a_place_that_is_no_store_yet_does_not_pass_for_an_empty_one(
    make: Callable[..., Project], shelf: Path, vendor: Vendor
) -> None:
    yours = make("yours", CAT)

    planned, ran = yours.run("plan", "--remote"), yours.apply()

    assert planned.code == 1
    assert "leave --remote out to plan without the store" in planned.err
    assert "--no-remote" not in planned.err
    assert ran.code == 1
    assert f"error: {shelf} is no store of clips yet\n" in ran.err
    assert "`cogvid push` makes it one" in ran.err
    shelf.rmdir()
    assert "is not there\n" in yours.apply().err
    assert "is not there\n" in yours.run("push").err
    assert vendor.posts == []


# --- damaged and hostile -------------------------------------------------------------------------------


def test_a_damaged_clip_is_refused_by_its_digest_and_repaired_by_a_push(
    make: Callable[..., Project], shelf: Path
) -> None:
    mine = shared(make("mine", CAT))
    clip = clip_of("cat", mine, shelf)
    clip.write_bytes(clip.read_bytes()[:-1] + b"!")
    yours = make("yours", CAT)
    (yours.root / "cogvid.lock").write_bytes((mine.root / "cogvid.lock").read_bytes())

    pulled = yours.run("pull")

    assert pulled.code == 1
    assert f"{clip} is damaged: its digest is not its name" in pulled.err
    assert not (yours.root / "renders/cat.mp4").exists()
    assert yours.apply().code == 0  # the vendor has it yet
    assert mine.run("push").out.endswith(": 1 clip sent, 0 there already\n")
    assert is_whole(clip)


def test_a_record_that_is_wrong_is_an_error_and_nothing_is_paid(
    mine: Project, make: Callable[..., Project], shelf: Path, vendor: Vendor
) -> None:
    record = record_of("cat", mine, shelf)
    record.write_text(record.read_text().replace("A cat plays", "A dog plays"))

    ran = make("yours", CAT).apply()

    assert ran.code == 1
    assert f"error: {record} is about another request than its name says\n" in ran.err
    assert vendor.posts == []


def test_a_record_that_is_damaged_is_replaced_by_a_push(mine: Project, shelf: Path) -> None:
    record = record_of("cat", mine, shelf)
    good = record.read_bytes()
    record.write_bytes(b"{")

    assert mine.run("push").code == 0
    assert record.read_bytes() == good


def test_a_directory_that_a_pull_request_could_have_brought_is_no_store(
    make: Callable[..., Project], vendor: Vendor, shelf: Path
) -> None:
    yours = make("yours", CAT)
    del yours.env["COGVID_REMOTE"]
    (yours.root / "planted").mkdir()
    yours.write(CAT, more="remote: planted\n")

    ran = yours.apply()

    assert ran.code == 64
    assert "where a pull request could put it" in ran.err
    assert vendor.posts == []
    yours.env["COGVID_REMOTE"] = ""
    assert yours.apply().code == 0  # without any store
    yours.env["COGVID_REMOTE"] = str(shelf)
    assert yours.run("push").code == 0  # the environment is believed


def test_the_store_that_the_manifest_names_is_used(make: Callable[..., Project], shelf: Path) -> None:
    mine = make("mine", CAT)
    mine.write(CAT, more="remote: ../shelf\n")
    del mine.env["COGVID_REMOTE"]

    assert mine.run("push").code == 0
    assert (shelf / "store.json").exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://key:secret@clips", "has a key or a password in it"),
        ("simplecache::s3://clips", "cannot be reached through another"),
        ("sftp://cut:secret@example.com/clips", "has a key or a password in it"),
        ("file://example.com/clips", "comes a path from the root"),
        ("s3://clips?endpoint_url=http://example.com", "cannot have '?'"),
    ],
)
def test_an_address_in_the_environment_is_checked_as_well(
    make: Callable[..., Project], address: str, words: str
) -> None:
    ran = make("yours", CAT, COGVID_REMOTE=address).run("pull")

    assert ran.code == 64
    assert words in ran.err


def test_without_an_address_there_is_nothing_to_push_to(make: Callable[..., Project]) -> None:
    ran = make("yours", CAT, COGVID_REMOTE="").run("push")

    assert ran.code == 64
    assert "no shared store is named" in ran.err


# --- gc ------------------------------------------------------------------------------------------------


def grow_old(place: Path) -> None:
    for path in place.rglob("*"):
        os.utime(path, (time.time() - 100 * 24 * 60 * 60,) * 2)


def test_gc_removes_from_the_store_what_no_lock_needs(mine: Project, s3: S3) -> None:
    mine.env.update(s3.environment)
    mine.run("push")
    both = clips_in(s3.place) + records_in(s3.place)
    needed = {place("nap", mine, s3.place) for place in (clip_of, record_of)}
    (mine.root / "cogvid.lock").write_text(json.dumps({"version": 1, "shots": {"nap": unchained(mine)}}))
    stray = s3.place / "clips/notes.txt"
    stray.write_text("not ours")

    young = mine.run("gc", "--remote", "--yes")
    listing = mine.run("gc", "--remote", "--grace", "0", "--format", "json")
    asked = mine.run("gc", "--remote", "--grace", "0")
    removed = mine.run("gc", "--remote", "--grace", "0", "--yes")

    assert young.out.startswith("Nothing to remove.\n")
    assert listing.code == 0, listing.err
    check("gc", listing.json)
    unused = {s3.place / file["path"] for file in listing.json["unused"]}
    assert unused == set(both) - needed
    assert "Nothing was removed; `cogvid gc --remote --yes` does it." in asked.out
    assert "Removed: 2 files, " in removed.out
    assert {path for path in both if path.exists()} == needed
    assert stray.exists()


def unchained(project: Project) -> dict[str, Any]:
    """The entry of `nap` as if it did not start with a frame of `cat`."""
    entry = project.lock["nap"]
    del entry["result"]["request"]["image"]
    return entry


def test_gc_leaves_a_store_alone_that_serves_others_too(
    mine: Project, make: Callable[..., Project], shelf: Path
) -> None:
    yours = make("yours", CAT)
    yours.write(CAT)
    manifest = yours.root / "cogvid.yaml"
    manifest.write_text(manifest.read_text().replace("project: test", "project: other"))
    strange = yours.run("gc", "--remote", "--yes")
    yours.run("push")
    grow_old(shelf)
    (mine.root / "cogvid.lock").unlink()

    refused = mine.run("gc", "--remote", "--yes")

    assert strange.code == 1
    assert "has never pushed" in strange.err
    assert refused.code == 1
    assert f"error: {shelf} also serves other, whose locks cannot be seen from here\n" in refused.err
    assert len(clips_in(shelf)) == 2
    assert mine.run("gc", "--remote", "--yes", "--unshared").code == 0
    assert clips_in(shelf) == []
    assert (shelf / "store.json").exists()


def test_gc_clears_what_dead_uploads_have_left(mine: Project, shelf: Path) -> None:
    left = clips_in(shelf)[0].parent / f".{'0' * 64}.mp4.4711.tmp"
    left.write_bytes(b"half")
    grow_old(shelf)

    ran = mine.run("gc", "--remote", "--yes")

    assert ran.err == "uploads that died and left something: 1, removed\n"
    assert not left.exists()
    assert len(clips_in(shelf)) == 2
