"""`cogvid apply` against a strict vendor on loopback: what is sent, what is recorded, what is paid."""

import hashlib
import io
import json
import signal
from base64 import b64decode
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from cogvid_pipeline.media.frames import frame_image
from tests.clips import make_clip
from tests.project import Project
from tests.vendor import Accept, Cut, Reply, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
DOG = "  dog: {prompt: A dog plays.}\n"
CHAIN = CAT + "  nap: {prompt: It falls asleep., image: {shot: cat, frame: last}}\n"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_shot_is_submitted_polled_downloaded_and_recorded(project: Project, vendor: Vendor) -> None:
    vendor.running_polls = 1
    project.write("  cat: {prompt: A cat plays., duration: 10}\n")

    ran = project.apply()

    assert ran.code == 0, ran.err
    assert vendor.accepted[0].body == {
        "model": "cogvideox-3",
        "prompt": "A cat plays.",
        "duration": 10,
        "async": True,
    }
    entry = project.lock["cat"]
    clip = project.root / "renders/cat.mp4"
    assert entry["status"] == "succeeded"
    assert entry["result"]["task_id"] == vendor.accepted[0].id
    assert entry["result"]["request"] == {"model": "cogvideox-3", "prompt": "A cat plays.", "duration": 10}
    assert entry["result"]["base_url"] == vendor.base_url
    assert entry["result"]["cost"] == {"amount": 1, "currency": "CNY"}
    assert entry["result"]["clip"]["path"] == "renders/cat.mp4"
    assert entry["result"]["clip"]["sha256"] == sha256(clip)
    assert entry["result"]["clip"]["bytes"] == clip.stat().st_size


def test_a_second_run_has_nothing_to_do_and_asks_nobody(project: Project, vendor: Vendor) -> None:
    project.write(CAT + DOG)
    project.apply()
    before = (project.root / "cogvid.lock").read_bytes()
    asked = len(vendor.requests)

    ran = project.apply()

    assert ran.code == 0
    assert ran.out == "Nothing to do: 2 up to date.\n"
    assert len(vendor.requests) == asked
    assert (project.root / "cogvid.lock").read_bytes() == before


def test_both_documented_shapes_of_an_answer_are_understood(tmp_path: Path) -> None:
    for number, reference_shapes in enumerate((False, True)):
        with Vendor(reference_shapes=reference_shapes) as vendor:
            (root := tmp_path / str(number)).mkdir()
            project = Project(root, vendor)
            project.write(CAT)
            assert project.apply().code == 0


def test_a_chained_shot_is_sent_the_last_frame_that_its_upstream_clip_decodes_to(
    project: Project, vendor: Vendor
) -> None:
    project.write(CHAIN)

    assert project.apply().code == 0

    _, second = vendor.accepted
    head, _, data = second.body["image"].partition(",")
    assert head == "data:image/png;base64"
    expected, _ = frame_image(project.root / "renders/cat.mp4", "last")
    assert b64decode(data) == expected
    clip = project.lock["cat"]["result"]["clip"]["sha256"]
    assert project.lock["nap"]["result"]["request"]["image"] == [f"frame:sha256:{clip}:last"]


def test_frames_at_the_start_and_at_a_time_are_sent_too(project: Project, vendor: Vendor) -> None:
    project.write(
        CAT + "  mix: {prompt: Mix., image: [{shot: cat, frame: first}, {shot: cat, frame: 0.5}]}\n"
    )

    assert project.apply().code == 0

    sent = [b64decode(uri.partition(",")[2]) for uri in vendor.accepted[1].body["image"]]
    clip = project.root / "renders/cat.mp4"
    assert sent == [frame_image(clip, "first")[0], frame_image(clip, 0.5)[0]]
    assert sent[0] != sent[1]


def test_a_local_image_is_sent_byte_for_byte(project: Project, vendor: Vendor) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    (project.root / "a.png").write_bytes(picture.getvalue())
    project.write("  cat: {prompt: Move., image: a.png}\n")

    assert project.apply().code == 0

    image = vendor.accepted[0].body["image"]
    assert image.startswith("data:image/png;base64,")
    assert b64decode(image.partition(",")[2]) == picture.getvalue()


def test_every_submission_goes_out_on_a_connection_of_its_own(project: Project, vendor: Vendor) -> None:
    project.write("".join(f"  s{i}: {{prompt: Shot {i}.}}\n" for i in range(5)))

    assert project.apply("--jobs", "1").code == 0

    connections = [seen.connection for seen in vendor.posts]
    assert len(set(connections)) == 5


def test_shots_with_one_request_are_paid_once(project: Project, vendor: Vendor) -> None:
    project.write("  one: {prompt: Same.}\n  two: {prompt: Same.}\n")

    assert project.apply().code == 0

    assert len(vendor.accepted) == 1
    assert project.lock["one"]["result"]["task_id"] == project.lock["two"]["result"]["task_id"]
    assert sha256(project.root / "renders/one.mp4") == sha256(project.root / "renders/two.mp4")


def test_a_rename_is_free_and_a_revert_is_free(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()
    project.write("  kitten: {prompt: A cat plays.}\n")
    assert project.plan() == {"kitten": "reuse", "cat": "forget"}
    assert project.apply().code == 0
    project.write("  kitten: {prompt: Another.}\n")
    assert project.apply().code == 0
    project.write("  kitten: {prompt: A cat plays.}\n")
    assert project.apply().code == 0

    assert len(vendor.accepted) == 2
    assert list(project.lock) == ["kitten"]


def test_a_changed_upstream_prompt_regenerates_the_chain(project: Project, vendor: Vendor) -> None:
    project.write(CHAIN)
    project.apply()
    project.write(CHAIN.replace("A cat plays.", "A lion plays."))

    assert project.plan() == {"cat": "regenerate", "nap": "regenerate"}
    assert project.apply().code == 0

    assert len(vendor.accepted) == 4
    assert project.lock["nap"]["previous"]["task_id"] == vendor.accepted[1].id


def test_a_chain_turns_out_free_when_the_new_upstream_clip_is_the_old_one(
    project: Project, vendor: Vendor
) -> None:
    clip = project.root.parent / "same.mp4"
    make_clip(clip)
    vendor.clip = clip.read_bytes()
    project.write(CHAIN)
    project.apply()

    assert project.apply("--replace", "cat").code == 0

    assert len(vendor.accepted) == 3


def test_a_missing_file_comes_back_from_the_cache_without_asking_anybody(
    project: Project, vendor: Vendor
) -> None:
    project.write(CAT)
    project.apply()
    clip = project.root / "renders/cat.mp4"
    digest, asked = sha256(clip), len(vendor.requests)
    clip.unlink()

    assert project.plan() == {"cat": "fetch"}
    assert project.run("plan", "--detailed-exitcode").code == 0
    assert project.apply().code == 0

    assert sha256(clip) == digest
    assert len(vendor.requests) == asked


def test_a_clone_with_manifest_and_lock_gets_its_clips_without_paying(
    project: Project, vendor: Vendor, tmp_path: Path
) -> None:
    project.write(CHAIN)
    project.apply()
    clone = Project(tmp_path / "clone", vendor)
    clone.root.mkdir()
    for name in ("cogvid.yaml", "cogvid.lock"):
        (clone.root / name).write_bytes((project.root / name).read_bytes())
    vendor.expire_urls()

    assert clone.apply().code == 0

    assert len(vendor.accepted) == 2
    assert sha256(clone.root / "renders/nap.mp4") == sha256(project.root / "renders/nap.mp4")
    assert (clone.root / "cogvid.lock").read_bytes() == (project.root / "cogvid.lock").read_bytes()


def test_an_answer_that_was_lost_is_held_and_never_submitted_again(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Cut()))
    project.write(CAT)

    first, second = project.apply(), project.apply()

    assert (first.code, second.code) == (5, 5)
    assert "held: cat" in first.err
    assert "cogvid recover" in first.err
    assert len(vendor.posts) == 1
    assert project.lock["cat"]["status"] == "held"
    assert project.plan() == {"cat": "hold"}


def test_a_rate_limit_is_waited_out(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Reply(429, headers={"Retry-After": "0.1"}), Reply(429, headers={"Retry-After": "0.1"}))
    project.write(CAT)

    assert project.apply().code == 0

    assert len(vendor.accepted) == 1
    assert len(vendor.posts) == 3


def test_a_refused_shot_fails_with_the_vendors_words_and_the_others_go_on(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Reply(400, {"error": {"code": "1301", "message": "unsafe content"}}))
    project.write(CHAIN + DOG)

    ran = project.apply("--jobs", "1")

    assert ran.code == 1
    assert "cat: failed: " in ran.err
    assert "unsafe content" in ran.err
    assert "nap: blocked: cat has no clip" in ran.err
    assert project.lock["cat"]["status"] == "failed"
    assert project.lock["dog"]["status"] == "succeeded"
    assert "nap" not in project.lock
    again = project.run("plan")
    assert "failed before" in again.out


def test_an_empty_account_stops_submitting_but_running_tasks_are_collected(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Accept(), Reply(402, {"error": {"code": 402, "message": "insufficient balance"}}))
    vendor.running_polls = 2
    project.write(CAT + DOG + "  owl: {prompt: An owl.}\n")

    ran = project.apply("--jobs", "2")

    assert ran.code == 1
    assert "owl: failed: not submitted: insufficient balance" in ran.err
    assert len(vendor.posts) == 2
    assert [entry["status"] for entry in project.lock.values()] == ["succeeded"]


def test_a_task_that_the_vendor_gives_up_on_is_a_failure_beside_the_old_result(
    project: Project, vendor: Vendor
) -> None:
    project.write(CAT)
    project.apply()
    vendor.fails = lambda body: {"code": 500, "message": "the model tripped"}
    project.write(DOG.replace("dog:", "cat:"))

    ran = project.apply()

    assert ran.code == 1
    entry = project.lock["cat"]
    assert entry["status"] == "failed"
    assert "the model tripped" in entry["pending"]["error"]
    assert entry["result"]["request"]["prompt"] == "A cat plays."
    assert (project.root / "renders/cat.mp4").exists()


def test_polls_that_fail_are_asked_again(project: Project, vendor: Vendor) -> None:
    vendor.on_poll(Reply(500), Reply(200, b"<html>"), Cut())
    project.write(CAT)

    assert project.apply().code == 0
    assert len(vendor.accepted) == 1


def test_a_download_that_is_cut_goes_on_where_it_was(project: Project, vendor: Vendor) -> None:
    vendor.on_download(Cut(after=100))
    project.write(CAT)

    assert project.apply().code == 0

    assert "range" in {name.lower() for name in vendor.downloads[1].headers}


def test_what_is_no_playable_video_is_never_recorded_as_a_clip(project: Project, vendor: Vendor) -> None:
    vendor.clip = b"this is not a video"
    project.write(CAT)

    ran = project.apply()

    assert ran.code == 1
    assert "cat: failed" in ran.err
    assert "result" not in project.lock["cat"]
    assert not (project.root / "renders/cat.mp4").exists()


def test_why_a_paid_clip_is_not_there_is_told_until_it_is(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    assert project.apply("--task-timeout", "0.005").code == 1
    task = vendor.accepted[0]

    waits = project.run("status").out
    assert waits.startswith(f"cat  submitted  task {task.id} at geekai: ")
    assert waits.endswith("did not finish in time\n")

    task.ready_at = 0
    assert project.apply().code == 0
    assert project.run("status").out.startswith("cat  succeeded")
    assert "error" not in project.lock["cat"]["result"]


def test_ctrl_c_records_what_was_submitted_and_the_next_run_resumes(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) >= 1)

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert project.lock["cat"]["status"] == "submitted"
    assert project.plan() == {"cat": "resume"}
    vendor.accepted[0].ready_at = 0
    assert project.apply().code == 0
    assert len(vendor.accepted) == 1


def test_a_run_that_is_killed_after_its_task_was_accepted_resumes_it(
    project: Project, vendor: Vendor
) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) >= 1)
    process.kill()
    process.communicate()

    assert project.plan() == {"cat": "resume"}
    vendor.accepted[0].ready_at = 0
    assert project.apply().code == 0
    assert len(vendor.accepted) == 1


def test_without_a_terminal_apply_asks_for_yes(project: Project, vendor: Vendor) -> None:
    project.write(CAT)

    ran = project.run("apply")

    assert ran.code == 64
    assert "--yes" in ran.err
    assert vendor.requests == []


def test_without_a_key_nothing_begins_and_the_variable_is_named(project: Project) -> None:
    project.vendor = None
    project.write(CAT)

    ran = project.apply()

    assert ran.code == 64
    assert "GEEKAI_API_KEY" in ran.err
    assert not (project.root / "cogvid.lock").exists()


def test_over_the_budget_nothing_is_submitted(project: Project, vendor: Vendor) -> None:
    project.write(CAT + DOG, more="budget: {max_cost: 1.5, currency: CNY}\n")

    assert project.apply().code == 6
    assert project.apply("--max-cost", "1").code == 6
    assert vendor.requests == []


def test_fail_fast_submits_nothing_more_after_a_failure(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Reply(400, {"error": {"code": 400, "message": "no"}}))
    project.write(CAT + DOG)

    assert project.apply("--jobs", "1", "--fail-fast").code == 1
    assert len(vendor.posts) == 1


def test_jobs_bounds_the_tasks_under_way(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 0.3
    project.write("".join(f"  s{i}: {{prompt: Shot {i}.}}\n" for i in range(6)))

    events = project.apply("--jobs", "2", "--json").events

    under_way = most = 0
    for event in events:
        under_way += {"submitted": 1, "succeeded": -1}.get(event["event"], 0)
        most = max(most, under_way)
    assert most == 2


def test_the_json_events_tell_the_whole_run(project: Project) -> None:
    project.write(CAT)

    events = project.apply("--json").events

    names = [event["event"] for event in events]
    assert names[0] == "run_started"
    assert names[-1] == "run_finished"
    assert [name for name in names if name in ("shot_started", "submitted", "succeeded")] == [
        "shot_started",
        "submitted",
        "succeeded",
    ]
    assert all(event["time"].endswith("+00:00") for event in events)


def test_the_key_is_in_no_file_and_no_output(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Reply(400, {"error": {"code": 400, "message": f"bad key {vendor.key}"}}))
    project.write(CAT + DOG)

    ran = project.apply()

    assert vendor.key not in ran.out + ran.err
    for path in project.root.rglob("*"):
        if path.is_file():
            assert vendor.key.encode() not in path.read_bytes()


def test_the_query_of_a_signed_address_is_not_in_the_lock(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()

    assert "?" in vendor.downloads[0].path or vendor.downloads[0].query
    assert "?" not in project.lock["cat"]["result"]["url"]


def test_a_clip_that_is_not_what_was_asked_for_is_kept_with_a_warning(project: Project) -> None:
    project.write("  cat: {prompt: A cat plays., size: 3840x2160}\n")

    ran = project.apply()

    assert ran.code == 0
    assert "warning: asked for 3840x2160, got 128x64" in ran.err


def test_a_frame_of_a_clip_keeps_its_colours(project: Project, vendor: Vendor) -> None:
    project.write(CHAIN)
    project.apply()

    sent = Image.open(io.BytesIO(b64decode(vendor.accepted[1].body["image"].partition(",")[2])))
    shown = Image.open(io.BytesIO(frame_image(project.root / "renders/cat.mp4", "last")[0]))
    assert ImageChops.difference(sent.convert("RGB"), shown.convert("RGB")).getbbox() is None


def test_a_second_apply_says_who_is_at_work(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) >= 1)

    second = project.apply()
    process.kill()
    process.communicate()

    assert second.code == 1
    assert f"pid {process.pid}" in second.err
    assert len(vendor.accepted) == 1


def test_a_hostile_lock_cannot_have_the_key_sent_to_its_host(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) >= 1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    with Vendor() as thief:
        lock = json.loads((project.root / "cogvid.lock").read_text())
        lock["shots"]["cat"]["pending"]["base_url"] = thief.base_url
        other = Project(project.root.parent / "clone", vendor)
        other.root.mkdir()
        (other.root / "cogvid.yaml").write_bytes((project.root / "cogvid.yaml").read_bytes())
        (other.root / "cogvid.lock").write_text(json.dumps(lock))

        ran = other.apply()

        assert ran.code == 1
        assert "GEEKAI_BASE_URL" in ran.err
        assert thief.requests == []


def leave_running(project: Project, vendor: Vendor) -> None:
    """Have a run stopped while the task of its only shot is under way."""
    project.write(CAT)
    vendor.running_polls = 10**6
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) >= 1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    vendor.running_polls = 0


def test_a_task_is_asked_for_where_it_was_submitted_although_the_environment_has_changed(
    project: Project, vendor: Vendor
) -> None:
    leave_running(project, vendor)

    with Vendor() as elsewhere:
        project.vendor = elsewhere
        ran = project.apply()

    assert ran.code == 0, ran.err
    assert elsewhere.requests == []
    assert project.lock["cat"]["result"]["base_url"] == vendor.base_url


def test_a_lock_cannot_lead_the_ledgers_own_task_to_another_host(project: Project, vendor: Vendor) -> None:
    leave_running(project, vendor)

    with Vendor() as thief:
        lock = project.root / "cogvid.lock"
        lock.write_text(lock.read_text().replace(vendor.base_url, thief.base_url))
        ran = project.apply()

    assert ran.code == 0, ran.err
    assert thief.requests == []
    assert project.lock["cat"]["result"]["base_url"] == vendor.base_url


@pytest.mark.parametrize("shots", [CAT, CHAIN])
def test_the_plan_in_json_has_what_apply_then_does(project: Project, vendor: Vendor, shots: str) -> None:
    project.write(shots)
    document = project.run("plan", "--format", "json").json

    project.apply()

    assert document["format_version"] == "1.0"
    assert document["summary"] == {"generate": len(vendor.accepted)}
    assert document["cost"] == {"amount": len(vendor.accepted), "currency": "CNY"}
    for action, task in zip(document["actions"], vendor.accepted, strict=True):
        assert action["request"]["prompt"] == task.body["prompt"]
