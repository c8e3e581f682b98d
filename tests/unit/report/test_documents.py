"""Every JSON document is as its published schema says, and the schemas say enough."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft7Validator

from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry, State
from cogvid_pipeline.model.cache import CacheFile, Reason
from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.model.event import Event, EventName
from cogvid_pipeline.model.plan import Action
from cogvid_pipeline.model.problem import Location, Problem
from cogvid_pipeline.model.shot import ImageFile, ImageUrl, ShotFrame
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.report.cache import cache_json
from cogvid_pipeline.report.events import event_json
from cogvid_pipeline.report.plan_json import plan_document
from cogvid_pipeline.report.problems import as_json
from cogvid_pipeline.report.storyboard import storyboard_document
from cogvid_pipeline.state.lockfile import LockFile, read_lock
from tests.attempts import hex_digest, make_attempt, make_unfinished
from tests.boards import ONE_YUAN, attempt, clip, locked, plan_for, shot, storyboard
from tests.documents import check, fits, paths, schema, with_value, without

DOCUMENTS = ["diff", "event", "gc", "lock", "plan", "problems", "storyboard"]
SCHEMAS = sorted(path.name.removesuffix(".schema.json") for path in schemas_directory().glob("*.schema.json"))
NOW = "2026-11-22T10:00:00.000+00:00"


# --- the documents, with everything that can be in them -----------------------------------------------


def plan_with_every_action() -> dict[str, Any]:
    """A plan with each action, of which two shots wait for a frame of a clip that is yet to be made."""
    new, old = shot("changed", "A lion plays."), shot("changed")
    follower = shot("follower", "It naps.", after="changed")
    sure, unsure = shot("sure", "It wakes up.", after="kept"), shot("unsure", "It yawns.", after="changed")
    kept, lost, again = shot("kept", "Kept."), shot("lost", "Lost."), shot("again", "Again.")
    renamed, twin, held = shot("renamed", "Renamed."), shot("twin", "Again."), shot("held", "Held.")
    board = storyboard(new, follower, sure, unsure, kept, lost, renamed, again, twin, held)
    lock = lock_file(
        changed=attempt(old),
        follower=attempt(follower, after=clip("changed")),
        sure=attempt(shot("sure", "It wakes.", after="kept"), after=clip("kept")),
        kept=attempt(kept),
        lost=attempt(lost),
        former=attempt(renamed),
        again=LockEntry(pending=attempt(again, State.ACCEPTED)),
        held=LockEntry(pending=attempt(held, State.HELD, error="the answer was lost")),
    )
    return plan_document(plan_for(board, lock, missing=("lost",), replace=("unsure",)))


def lock_file(**entries: LockEntry | Attempt) -> Lock:
    """A lock as it is read from a file, which has a digest."""
    return replace(locked(**entries), digest=hex_digest("lock"))


def whole_lock(tmp_path: Path) -> dict[str, Any]:
    """A lock with entries of every status, as the tool writes it."""
    path = tmp_path / "cogvid.lock"
    file = LockFile(path, "renders")
    file.put("walk", LockEntry(make_attempt(request={"model": "cogvideox-3", "image": ["sha256:0"]})))
    file.put("walk@2", LockEntry(make_attempt(cost=None, url="", completed_at="")))
    file.put("again", LockEntry(make_attempt(), make_unfinished("new"), make_attempt("old")))
    file.put("failed", LockEntry(make_attempt(), make_unfinished("bad", State.FAILED, error="no")))
    file.put("held", LockEntry(None, make_unfinished("doubt", State.HELD, error="no answer")))
    file.flush()
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def whole_show() -> dict[str, Any]:
    image = ImageFile("a.png", "sha256:0", "image/png")
    walk = replace(
        shot("walk", fps=60, with_audio=True, quality="speed", size="1280x720", duration=10, watermark=False),
        images=(ShotFrame("run", 1.5), image),
        tags=("hero",),
        takes=3,
        pick=2,
        depends_on=("link",),
        protect=True,
        freeze=True,
    )
    link = replace(shot("link", ""), images=(ImageUrl("https://example.com/a.png"),))
    cut = (Segment("run", end=4.5), Segment("walk", 2, 0.5, None, Transition("dissolve", 0.5), 0.4))
    board = storyboard(shot("run"), walk, link, environment="final", sequence=cut)
    return storyboard_document(board, board.shots)


EVENTS = [
    Event("run_started", NOW, details={"provider": "geekai", "actions": {"generate": 2, "keep": 1}}),
    Event("shot_started", NOW, "walk"),
    Event("reused", NOW, "walk"),
    Event("submitted", NOW, "walk", details={"task_id": "task-1"}),
    Event("submitted", NOW, "walk", details={"task_id": "task-1", "cost": ONE_YUAN}),
    Event("running", NOW, "walk", details={"task_id": "task-1"}),
    Event("waiting", NOW, "walk", details={"reason": "too many requests"}),
    Event("downloading", NOW, "walk", details={"bytes": 1, "total": 2}),
    Event("downloading", NOW, "walk", details={"bytes": 1, "total": None}),
    Event("decoding", NOW, "walk"),
    Event("rendering", NOW, "walk", details={"fraction": 1.0}),
    Event(
        "succeeded",
        NOW,
        "walk",
        details={"bytes": 4, "cost": ONE_YUAN, "task_id": "task-1", "warnings": ("short",)},
    ),
    Event("succeeded", NOW, "walk", details={"bytes": 4, "cost": None, "task_id": "", "warnings": ()}),
    Event("succeeded", NOW, "walk", details={"action": "fetch"}),
    Event("failed", NOW, "walk", details={"reason": "unsafe content", "hint": ""}),
    Event("held", NOW, "walk", details={"reason": "the answer was lost"}),
    Event("blocked", NOW, "nap", details={"on": "walk"}),
    Event("forgotten", NOW, "walk", 2),
    Event("run_finished", NOW, details={"interrupted": False}),
]


def problems() -> dict[str, Any]:
    problem = Problem("CV203", "7 is not a duration", Location("a.yaml", 12, 15), "/shots/a/duration", "5")
    document: dict[str, Any] = json.loads(as_json([problem]))
    return document


def cache() -> dict[str, Any]:
    files = [CacheFile(f"clips/{reason}.mp4", 4, 100_000.0, reason) for reason in (None, *Reason)]
    document: dict[str, Any] = json.loads(
        cache_json(files, removed=False, grace_days=1, state="/film/.git/cogvid")
    )
    return document


def line(event: Event) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(event_json(event))
    return document


def action_of(name: str) -> dict[str, Any]:
    (found,) = [action for action in plan_with_every_action()["actions"] if action["shot"] == name]
    return found


# --- the schemas as such ------------------------------------------------------------------------------


def described(inner: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property and definition of a schema that has to explain itself, with its path."""
    for group in ("properties", "definitions"):
        for name, part in inner.get(group, {}).items():
            if "$ref" not in part:
                yield f"{path}/{name}", part
            yield from described(part, f"{path}/{name}")


def patterns(inner: Any) -> Iterator[str]:
    if isinstance(inner, dict):
        if isinstance(inner.get("pattern"), str):
            yield inner["pattern"]
        inner = list(inner.values())
    if isinstance(inner, list):
        for part in inner:
            yield from patterns(part)


def test_each_document_has_a_schema() -> None:
    assert set(DOCUMENTS) <= set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_as_schemas_have_to_be(name: str) -> None:
    assert schema(name)["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_says_what_each_field_is_with_an_example_that_holds(name: str) -> None:
    for path, part in described(schema(name)):
        assert part.get("description", "").endswith("."), path
        complete = Draft7Validator({**part, "definitions": schema(name)["definitions"]})
        assert part["examples"], path
        for example in part["examples"]:
            complete.validate(example)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_pattern_lets_a_line_break_through_at_its_end(name: str) -> None:
    for pattern in patterns(schema(name)):
        assert pattern.startswith("^")
        assert pattern.endswith("$(?!\\n)")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_stands_alone(name: str) -> None:
    """A script can save what `cogvid schema` prints and use it as it is."""
    assert not [ref for ref in _refs(schema(name)) if not ref.startswith("#/definitions/")]


def _refs(inner: Any) -> Iterator[str]:
    if isinstance(inner, dict):
        if "$ref" in inner:
            yield inner["$ref"]
        inner = list(inner.values())
    if isinstance(inner, list):
        for part in inner:
            yield from _refs(part)


# --- the documents fit --------------------------------------------------------------------------------


def test_a_plan_with_every_action_fits() -> None:
    plan = plan_with_every_action()

    check("plan", plan)
    kinds = schema("plan")["definitions"]["kind"]["enum"]
    assert set(plan["summary"]) == set(kinds)
    assert action_of("follower")["request"]["image"] == [None]
    assert action_of("follower")["fingerprint"] is None
    assert action_of("sure")["changes"] == [
        {"path": "prompt", "before": "It wakes.", "after": "It wakes up."}
    ]
    assert action_of("sure")["fingerprint"].startswith("sha256:")


def test_a_plan_without_prices_fits() -> None:
    plan = plan_document(plan_for(storyboard(shot("walk"), prices={})))

    check("plan", plan)
    assert plan["cost"] is plan["actions"][0]["cost"] is None


def test_forgotten_takes_are_told_apart_in_a_plan() -> None:
    entries = {"walk": attempt(shot("walk")), "walk@2": attempt(shot("walk", "Once more."))}

    plan = plan_document(plan_for(storyboard(), lock_file(**entries)))

    check("plan", plan)
    assert [(action["shot"], action["take"]) for action in plan["actions"]] == [("walk", 1), ("walk", 2)]


def test_every_entry_of_a_lock_fits(tmp_path: Path) -> None:
    lock = whole_lock(tmp_path)

    check("lock", lock)
    statuses = {entry["status"] for entry in lock["shots"].values()}
    assert statuses == set(schema("lock")["definitions"]["entry"]["properties"]["status"]["enum"])


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_each_event_fits(event: Event) -> None:
    check("event", line(event))


def test_the_schema_knows_the_events_that_there_are() -> None:
    events = schema("event")["properties"]["event"]["enum"]

    assert events == list(get_args(EventName))
    assert {event.event for event in EVENTS} == set(events)


def test_the_schemas_know_the_actions_that_there_are() -> None:
    kinds = {member.kind for member in get_args(Action)}

    for name in ("plan", "event"):
        assert set(schema(name)["definitions"]["kind"]["enum"]) == kinds


def test_storyboards_and_problems_fit() -> None:
    check("storyboard", whole_show())
    check("problems", problems())


def test_a_cache_with_every_reason_fits() -> None:
    check("gc", cache())
    assert set(cache()["kept"]) == set(Reason)
    assert cache()["unused"] == [{"path": "clips/None.mp4", "bytes": 4, "age_days": 1.16}]


def test_the_start_of_a_run_has_the_version_and_other_events_do_not() -> None:
    assert [line(event).get("format_version") for event in EVENTS] == ["1.0"] + [None] * (len(EVENTS) - 1)


def test_a_forgotten_take_is_named_as_in_the_plan() -> None:
    told = line(Event("forgotten", NOW, "walk", 12))

    assert (told["shot"], told["take"]) == ("walk", 12)


@pytest.mark.parametrize(
    ("name", "make"),
    [("plan", plan_with_every_action), ("storyboard", whole_show), ("problems", problems), ("gc", cache)],
)
def test_a_later_document_of_the_same_major_version_still_fits(
    name: str, make: Callable[[], dict[str, Any]]
) -> None:
    document = make()

    assert fits(name, {**document, "format_version": "1.12", "new": {"field": [None]}})
    assert not fits(name, {**document, "format_version": "2.0"})
    assert not fits(name, {**document, "format_version": "1.0\n"})


@pytest.mark.parametrize(
    ("section", "name"),
    [
        ("Plan", "plan"),
        ("Problems", "problems"),
        ("Storyboard", "storyboard"),
        ("Difference", "diff"),
        ("Clip cache", "gc"),
        ("Lock", "lock"),
    ],
)
def test_the_examples_of_the_documentation_fit(section: str, name: str) -> None:
    check(name, json.loads(example_of(section)))


def test_the_events_of_the_documentation_fit() -> None:
    events = [json.loads(line) for line in example_of("Events").splitlines()]

    for event in events:
        check("event", event)
    assert [event["event"] for event in events][:: len(events) - 1] == ["run_started", "run_finished"]


def example_of(section: str) -> str:
    """The first JSON in a section of docs/json.md."""
    page = (Path(__file__).parents[3] / "docs/json.md").read_text(encoding="utf-8")
    return page.partition(f"## {section}\n")[2].partition("```json\n")[2].partition("```")[0]


# --- what is broken is noticed ------------------------------------------------------------------------


def not_missed(name: str, document: Any) -> set[str]:
    """The fields that may be taken away, by their own name; members of lists do not count."""
    return {
        str(path[-1])
        for path in paths(document)
        if isinstance(path[-1], str) and fits(name, without(document, path))
    }


def accepted_anyhow(name: str, document: Any) -> set[str]:
    """The places at which an object of no meaning is taken for granted."""
    return {
        ".".join(map(str, path))
        for path in paths(document)
        if fits(name, with_value(document, path, {"no": {"meaning": 1}}))
    }


def test_a_plan_that_lacks_a_field_is_noticed() -> None:
    plan = plan_with_every_action()

    # A summary has the kinds that occur, a request what was written.
    assert not_missed("plan", plan) == {*plan["summary"], "prompt", "image"}
    assert accepted_anyhow("plan", plan) == set()


def test_a_lock_that_lacks_a_field_is_noticed(tmp_path: Path) -> None:
    lock = whole_lock(tmp_path)

    optional = {"base_url", "url", "cost", "created_at", "completed_at", "error", "path"}
    # Which of these an entry needs depends on its status; see the comparison with the reader below.
    depending = {"result", "previous", "task_id"}
    written = {"prompt", "image", "duration", "with_audio"}
    assert not_missed("lock", lock) == {*lock["shots"], *optional, *depending, *written}
    assert accepted_anyhow("lock", lock) == set()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_an_event_that_lacks_a_field_is_noticed(event: Event) -> None:
    document = line(event)

    # What was bought by another run has no cost in this one; the kinds of actions are those that occur.
    optional = {"cost"} if event.event == "submitted" else set(document.get("actions", ()))
    assert not_missed("event", document) == optional & {*document, *document.get("actions", ())}
    assert accepted_anyhow("event", document) == set()


def test_a_storyboard_that_lacks_a_field_is_noticed() -> None:
    parameters = {"fps", "with_audio", "quality", "size", "duration", "watermark"}
    choices = {"takes", "pick", "depends_on", "protect", "freeze", "environment", "fade_out"}

    assert not_missed("storyboard", whole_show()) == {"prompt", "image", *parameters, *choices}
    assert accepted_anyhow("storyboard", whole_show()) == set()


def test_problems_that_lack_a_field_are_noticed() -> None:
    assert not_missed("problems", problems()) == set()
    assert accepted_anyhow("problems", problems()) == set()


def test_a_cache_that_lacks_a_field_is_noticed() -> None:
    assert not_missed("gc", cache()) == set()
    assert accepted_anyhow("gc", cache()) == set()


@pytest.mark.parametrize("time", ["yesterday", "2026-13-22T10:00:00Z", "2026-11-22"])
def test_a_time_that_is_none_is_noticed(time: str) -> None:
    assert not fits("event", {"event": "shot_started", "time": time, "shot": "walk", "take": 1})


# --- the lock's schema and its reader are of one mind -------------------------------------------------

VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 7, 10**15 - 1, 10**15, -0.5, 0.5, 1e300),
    *("", "x", "walk", "succeeded", "submitted", "failed", "held", "pending"),
    *("0" * 64, "A" * 64, "0" * 64 + "\n", "sha256:" + "0" * 64, "sha256:" + "0" * 63),
    *([], ["a", 1, True, 0.5], [None], [[]], [{}]),
    *({}, {"a": "b"}, {"a": None}, {"a": [None]}, {"a": {}}),
)


def is_read(path: Path, document: Any) -> bool:
    """Whether cogvid takes the document for a lock."""
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        read_lock(path)
    except StateError:
        return False
    return True


def variants(document: Any) -> Iterator[tuple[str, Any]]:
    """The document with one thing in it taken away, added or replaced."""
    yield "as it is", document
    for path in paths(document):
        if path[-1] == "path":  # which nothing is done with, so that a wrong one is only ugly
            continue
        place = ".".join(map(str, path))
        yield f"without {place}", without(document, path)
        if isinstance(path[-1], str):
            yield f"more beside {place}", with_value(document, (*path[:-1], "more"), {"new": [None]})
        for value in VALUES:
            yield f"{place}: {value!r}", with_value(document, path, value)


@pytest.mark.parametrize("name", ["walk", "walk@2", "again", "failed", "held"])
def test_what_the_schema_of_the_lock_says_is_what_its_reader_says(name: str, tmp_path: Path) -> None:
    lock = {"version": 1, "shots": {name: whole_lock(tmp_path)["shots"][name]}}

    differing = [
        what
        for what, document in variants(lock)
        if fits("lock", document) is not is_read(tmp_path / "other.lock", document)
    ]

    assert differing == []


@pytest.mark.parametrize(
    "name",
    [
        *("walk", "0", "walk@2", "walk@999999", "skyline.dusk-clear@2", "a" * 200, "a" * 200 + "@1"),
        *("", "@2", "walk@0", "walk@1000000", "walk@02", "walk@", "Walk", "-walk", ".walk", "a" * 201),
        *("walk\n", "../walk", "walk/2", "walk 2", "狐", "walk@2@3"),
    ],
)
def test_the_schema_and_the_reader_know_the_same_names(name: str, tmp_path: Path) -> None:
    entry = whole_lock(tmp_path)["shots"]["walk"]
    document = {"version": 1, "shots": {name: entry}}

    assert fits("lock", document) is is_read(tmp_path / "other.lock", document)
