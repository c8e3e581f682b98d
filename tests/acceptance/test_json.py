"""What scripts read: documents of real runs, held against the published schemas."""

import json
import signal
from typing import Any

import pytest

from cogvid_pipeline.packaged import schemas_directory
from tests.documents import check
from tests.project import Project, Ran
from tests.vendor import Accept, Cut, Reply, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
LION = "  cat: {prompt: A lion plays.}\n"
NAP = "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"
DOG = "  dog: {prompt: A dog plays.}\n"
SCHEMAS = [
    "diff",
    "event",
    "gc",
    "include",
    "lock",
    "manifest",
    "models/cogvideox-3",
    "plan",
    "problems",
    "storyboard",
]


def plan_of(project: Project, *arguments: str) -> dict[str, Any]:
    """The planned actions by shot, after a look at the document that they are in."""
    ran = project.run("plan", "--format", "json", *arguments)
    check("plan", ran.json)
    return {action["shot"]: action for action in ran.json["actions"]}


def events_of(ran: Ran) -> list[tuple[str, str]]:
    """What happened to which shot, after a look at each event and at how the stream begins and ends."""
    for event in ran.events:
        check("event", event)
    first, last = ran.events[0], ran.events[-1]
    assert (first["event"], first["format_version"]) == ("run_started", "1.0")
    assert last["event"] == "run_finished"
    return [(event["event"], event["shot"]) for event in ran.events[1:-1]]


def last_words(ran: Ran) -> dict[str, str]:
    """The last event of each shot."""
    return {shot: event for event, shot in events_of(ran)}


def entries(project: Project) -> dict[str, Any]:
    """The lock's entries, after a look at the lock."""
    check("lock", json.loads((project.root / "cogvid.lock").read_text(encoding="utf-8")))
    return project.lock


def test_a_run_from_nothing_to_clips(project: Project, vendor: Vendor) -> None:
    vendor.running_polls = 1
    project.write(CAT + NAP)

    planned = plan_of(project)
    ran = project.apply("--json")

    assert {name: action["action"] for name, action in planned.items()} == {
        "cat": "generate",
        "nap": "generate",
    }
    assert planned["nap"]["request"]["image"] == [None]
    assert ran.events[0]["actions"] == {"generate": 2}
    events = events_of(ran)
    assert [event for event, shot in events if shot == "cat" and event != "downloading"] == [
        "shot_started",
        "submitted",
        "running",
        "decoding",
        "succeeded",
    ]
    assert ran.events[-1]["interrupted"] is False
    (done,) = [e for e in ran.events if e["event"] == "succeeded" and e["shot"] == "nap"]
    entry = entries(project)["nap"]
    assert done["task_id"] == entry["result"]["task_id"]
    assert done["bytes"] == entry["result"]["clip"]["bytes"]
    assert done["cost"] == entry["result"]["cost"]
    assert done["warnings"] == ["asked for 5 seconds, got 0.333"]
    assert {action["action"] for action in plan_of(project).values()} == {"keep"}


def test_a_changed_chain_with_frames_known_and_yet_to_be_made(project: Project, vendor: Vendor) -> None:
    project.write(CAT + NAP)
    project.apply()
    clip = project.lock["cat"]["result"]["clip"]["sha256"]

    project.write(CAT + NAP.replace("It naps", "It snores"))
    known = plan_of(project)["nap"]
    project.write(LION + NAP)
    unknown = plan_of(project)["nap"]

    assert known["action"] == unknown["action"] == "regenerate"
    assert known["request"]["image"] == [f"frame:sha256:{clip}:last"]
    assert known["fingerprint"].startswith("sha256:")
    assert known["changes"] == [{"path": "prompt", "before": "It naps.", "after": "It snores."}]
    assert unknown["request"]["image"] == [None]
    assert unknown["fingerprint"] is None
    assert unknown["changes"] == [{"path": "image.0", "before": f"frame:sha256:{clip}:last", "after": None}]
    assert last_words(project.apply("--json")) == {"cat": "succeeded", "nap": "succeeded"}
    assert entries(project)["nap"]["previous"]["clip"]["sha256"]


def test_a_rename_and_a_missing_file(project: Project, vendor: Vendor) -> None:
    project.write(CAT + DOG)
    project.apply()
    project.write(CAT + DOG.replace("dog:", "puppy:"))
    (project.root / "renders/cat.mp4").unlink()

    planned = plan_of(project)
    ran = project.apply("--json")

    assert {name: action["action"] for name, action in planned.items()} == {
        "cat": "fetch",
        "puppy": "reuse",
        "dog": "forget",
    }
    assert last_words(ran) == {"cat": "succeeded", "puppy": "succeeded", "dog": "forgotten"}
    assert [event["action"] for event in ran.events if "action" in event] == ["fetch"]
    assert list(entries(project)) == ["cat", "puppy"]


def test_a_refusal_a_blocked_shot_and_a_vendor_who_is_busy(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()
    vendor.on_submit(
        Reply(429, headers={"Retry-After": "0.1"}),
        Reply(400, {"error": {"code": "1301", "message": "unsafe content"}}),
    )
    project.write(LION + NAP)

    ran = project.apply("--json")

    assert ran.code == 1
    assert last_words(ran) == {"cat": "failed", "nap": "blocked"}
    assert ("waiting", "cat") in events_of(ran)
    (failed,) = [event for event in ran.events if event["event"] == "failed"]
    assert "unsafe content" in failed["reason"]
    assert [event["on"] for event in ran.events if event["event"] == "blocked"] == ["cat"]
    entry = entries(project)["cat"]
    assert entry["status"] == "failed"
    assert entry["pending"]["error"] == failed["reason"]
    assert entry["result"]["request"]["prompt"] == "A cat plays."
    assert plan_of(project)["cat"]["reason"] == f"failed before: {failed['reason']}"


def test_an_answer_that_was_lost(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Cut()))
    project.write(CAT + NAP)

    ran = project.apply("--json")

    assert ran.code == 5
    assert last_words(ran) == {"cat": "held", "nap": "blocked"}
    assert entries(project)["cat"]["status"] == "held"
    held = plan_of(project)["cat"]
    assert (held["action"], held["cost"]["amount"]) == ("hold", 0)
    assert last_words(project.apply("--json")) == {"cat": "held", "nap": "blocked"}


def test_a_run_that_is_stopped_and_the_next_one(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT + NAP)
    process = project.start("apply", "--yes", "--json")
    vendor.wait_until(lambda: len(vendor.polls) >= 2)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    stopped = Ran(process.returncode, out, err)
    assert stopped.code == 130, err
    assert last_words(stopped) == {"cat": "running"}
    assert stopped.events[-1]["interrupted"] is True
    assert entries(project)["cat"]["status"] == "submitted"
    assert plan_of(project)["cat"]["action"] == "resume"
    vendor.seconds = vendor.accepted[0].ready_at = 0
    resumed = project.apply("--json")
    assert resumed.events[0]["actions"] == {"generate": 1, "resume": 1}
    assert last_words(resumed) == {"cat": "succeeded", "nap": "succeeded"}


def test_a_poll_that_fails_and_a_task_that_fails(project: Project, vendor: Vendor) -> None:
    vendor.on_poll(Reply(500))
    vendor.fails = lambda body: {"code": 500, "message": "tripped"} if "dog" in body["prompt"] else None
    project.write(CAT + DOG)

    ran = project.apply("--json", "--jobs", "1")

    assert ran.code == 1
    assert last_words(ran) == {"cat": "succeeded", "dog": "failed"}
    assert ("waiting", "cat") in events_of(ran)
    assert entries(project)["dog"]["pending"]["task_id"] == vendor.accepted[1].id


def test_a_run_of_the_preview_provider(project: Project) -> None:
    project.write("  cat: {prompt: A cat plays., size: 1280x720}\n", provider="preview")

    assert plan_of(project)["cat"]["cost"]["amount"] == 0
    ran = project.apply("--json")

    assert ("rendering", "cat") in events_of(ran)
    (done,) = [event for event in ran.events if event["event"] == "succeeded"]
    assert done["task_id"] == ""
    assert entries(project)["cat"]["result"]["provider"] == "preview"


def test_a_plan_whose_price_nobody_knows(project: Project) -> None:
    (project.root / "cogvid.yaml").write_text(
        "version: 1\nprovider: geekai\nshots: {cat: {prompt: A cat plays., model: cogvideox-3}}\n"
    )

    assert plan_of(project)["cat"]["cost"] is None


def test_a_shot_that_is_asked_for_again(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()

    ran = project.run("plan", "--format", "json", "--replace", "cat")

    check("plan", ran.json)
    assert ran.json["options"] == {"select": [], "exclude": [], "replace": ["cat"]}
    assert ran.json["summary"] == {"regenerate": 1}


def test_a_storyboard(project: Project) -> None:
    project.write("  cat: {prompt: A cat plays., fps: 60, with_audio: true, tags: [hero]}\n" + NAP)

    ran = project.run("show", "--format", "json")

    check("storyboard", ran.json)
    cat, nap = ran.json["shots"]
    assert (cat["fps"], cat["with_audio"], cat["tags"]) == (60, True, ["hero"])
    assert nap["image"] == ["the last frame of cat"]


@pytest.mark.parametrize(("shots", "valid"), [(CAT, True), (CAT.replace("}", ", fsp: 30}"), False)])
def test_problems(project: Project, shots: str, valid: bool) -> None:
    project.write(shots)

    ran = project.run("validate", "--format", "json")

    check("problems", ran.json)
    assert ran.json["valid"] is valid


def test_each_schema_is_printed_as_it_is_published(project: Project) -> None:
    assert project.run("schema", "nonsense").err.endswith(f"the schemas are {', '.join(SCHEMAS)}\n")
    for name in SCHEMAS:
        published = (schemas_directory() / f"{name}.schema.json").read_text(encoding="utf-8")
        printed = project.run("schema", name).out
        assert ".schema.json#" not in printed
        assert printed == published or ".schema.json#" in published


# --- traces -------------------------------------------------------------------------------------------


def test_a_trace_shows_when_each_shot_was_sent_waited_for_fetched_and_decoded(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Reply(429, headers={"Retry-After": "0.1"}))
    project.write(CAT)

    assert project.apply("--trace", "run.json").code == 0

    text = (project.root / "run.json").read_text(encoding="utf-8")
    records = json.loads(text)
    (row,) = [each["tid"] for each in records if each["ph"] == "M" and each["args"]["name"] == "cat"]
    spans = [each for each in records if each["ph"] == "X" and each["tid"] == row]
    assert list(dict.fromkeys(each["name"] for each in spans)) == [
        "submit",
        "pause",
        "wait",
        "download",
        "decode",
    ]
    ends = [each["ts"] + each["dur"] for each in spans]
    assert [each["ts"] for each in spans[1:]] == ends[:-1]
    assert "A cat plays" not in text
    assert "http" not in text


def test_a_trace_of_a_run_that_is_killed_lacks_only_its_end(project: Project, vendor: Vendor) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    process = project.start("apply", "--yes", "--trace", "run.json")
    vendor.wait_until(lambda: len(vendor.polls) > 0)
    process.kill()
    process.communicate()

    text = (project.root / "run.json").read_text(encoding="utf-8")
    assert "submit" in {each["name"] for each in json.loads(text + "]")}


def test_a_trace_never_takes_the_place_of_another_file(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    manifest = (project.root / "cogvid.yaml").read_text(encoding="utf-8")

    refused = project.apply("--trace", "cogvid.yaml")
    nowhere = project.apply("--trace", "missing/run.json")

    assert (refused.code, nowhere.code) == (64, 1)
    assert "cogvid.yaml is there and is no trace" in refused.err
    assert "cannot write the trace missing/run.json: No such file or directory" in nowhere.err
    assert (project.root / "cogvid.yaml").read_text(encoding="utf-8") == manifest
    assert not vendor.posts
    assert project.apply("--trace", "run.json").code == 0
    project.write(LION)
    assert project.apply("--trace", "run.json").code == 0
