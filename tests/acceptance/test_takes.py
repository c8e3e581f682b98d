"""Takes, matrices, environments, includes and what else a shot can say, as a user runs them."""

from pathlib import Path
from typing import Any

from cogvid_pipeline.media.probe import describe
from tests import documents
from tests.project import Project
from tests.vendor import Accept, Cut, Reply, Vendor

TAKES = "  walk: {prompt: The fox walks on., takes: 3, pick: 2}\n"
CHAIN = TAKES + "  rest: {prompt: The fox rests., image: {shot: walk, frame: last}}\n"
SKYLINE = """\
  skyline:
    matrix: {time: [dawn, dusk], weather: [clear, rain]}
    exclude: [{time: dawn, weather: rain}]
    prompt: "The city at {{ matrix.time }}, {{ matrix.weather }}."
"""


def actions(project: Project, *arguments: str) -> dict[str, dict[str, Any]]:
    """The planned actions by the names of takes; the document is held against its schema."""
    ran = project.run("plan", "--format", "json", *arguments)
    assert ran.code == 0, ran.err
    documents.check("plan", ran.json)
    return {
        action["shot"] + (f"@{action['take']}" if action["take"] > 1 else ""): action
        for action in ran.json["actions"]
    }


def kinds(project: Project, *arguments: str) -> dict[str, str]:
    return {name: action["action"] for name, action in actions(project, *arguments).items()}


def clips(project: Project, below: str = "renders") -> list[str]:
    return sorted(path.name for path in (project.root / below).glob("*.mp4"))


def test_takes_are_bought_one_by_one_and_the_picked_one_is_gone_on_from(
    project: Project, vendor: Vendor
) -> None:
    project.write(CHAIN)

    ran = project.apply("--json")

    assert ran.code == 0, ran.err
    for event in ran.events:
        documents.check("event", event)
    done = [(event["shot"], event["take"]) for event in ran.events if event["event"] == "succeeded"]
    assert sorted(done) == [("rest", 1), ("walk", 1), ("walk", 2), ("walk", 3)]
    assert sorted(project.lock) == ["rest", "walk", "walk@2", "walk@3"]
    assert clips(project) == ["rest.mp4", "walk.mp4", "walk@2.mp4", "walk@3.mp4"]
    assert project.lock["walk@2"]["result"]["clip"]["path"] == "renders/walk@2.mp4"
    assert all("take" not in task.body for task in vendor.accepted)
    second = project.lock["walk@2"]["result"]["clip"]["sha256"]
    assert project.lock["rest"]["result"]["request"]["image"] == [f"frame:sha256:{second}:last"]
    assert len({entry["result"]["fingerprint"] for entry in project.lock.values()}) == 4
    documents.check("lock", {"version": 1, "shots": project.lock})
    assert project.run("check").code == 0
    assert set(kinds(project).values()) == {"keep"}


def test_another_pick_makes_what_goes_on_from_it_anew_and_nothing_else(
    project: Project, vendor: Vendor
) -> None:
    project.write(CHAIN)
    project.apply()

    project.write(CHAIN.replace("pick: 2", "pick: 3"))

    changed = {name: kind for name, kind in kinds(project).items() if kind != "keep"}
    assert changed == {"rest": "regenerate"}
    project.write(CHAIN.replace("takes: 3", "takes: 2"))
    assert kinds(project) == {"walk": "keep", "walk@2": "keep", "rest": "keep", "walk@3": "forget"}


def test_replace_takes_a_shot_or_one_of_its_takes(project: Project, vendor: Vendor) -> None:
    project.write(TAKES)
    project.apply()
    before = project.lock

    assert project.apply("--replace", "walk@2").code == 0

    assert len(vendor.accepted) == 4
    assert project.lock["walk"] == before["walk"]
    assert project.lock["walk@2"]["previous"] == _without_path(before["walk@2"]["result"])
    assert [kinds(project, "--replace", "walk")[name] for name in before] == ["regenerate"] * 3
    ran = project.run("plan", "--replace", "walk@4")
    assert (ran.code, ran.out) == (64, "")
    assert "the takes are walk, walk@2, walk@3" in ran.err


def _without_path(result: dict[str, Any]) -> dict[str, Any]:
    clip = {name: value for name, value in result["clip"].items() if name != "path"}
    return {**result, "clip": clip}


def test_a_held_take_goes_by_its_name_and_can_be_adopted_or_paid_again(
    project: Project, vendor: Vendor
) -> None:
    project.write(TAKES)
    vendor.on_submit(Accept(), Accept(then=Cut()), Accept(then=Cut()))

    ran = project.apply("--jobs", "1")

    assert ran.code == 5
    assert "held: walk@2, walk@3;" in ran.err
    assert "walk@2: submitted to geekai" in project.run("recover").out
    task = vendor.accepted[1].id
    assert project.run("recover", "--adopt", f"walk@2={task}", "--pay-again", "walk@3").code == 0
    assert kinds(project) == {"walk": "keep", "walk@2": "resume", "walk@3": "generate"}
    assert project.apply().code == 0
    assert project.lock["walk@2"]["result"]["task_id"] == task
    assert len(vendor.accepted) == 4


def test_takes_of_previews_say_which_they_are(project: Project) -> None:
    project.write("  walk: {prompt: The fox walks on., takes: 2, size: 1280x720}\n", provider="preview")

    assert project.apply().code == 0

    first, second = (project.lock[name]["result"]["clip"]["sha256"] for name in ("walk", "walk@2"))
    assert first != second
    status = project.run("status").out.splitlines()
    assert [line.split()[0] for line in status] == ["walk", "walk@2"]
    (project.root / "renders/walk@2.mp4").unlink()
    assert project.run("check").out == "walk@2: renders/walk@2.mp4 is missing\n"
    assert kinds(project) == {"walk": "keep", "walk@2": "fetch"}
    assert project.run("preview", "--scale", "0.1").code == 0
    assert clips(project, "previews") == ["walk.mp4"]


def test_a_matrix_makes_shots_of_their_own_in_the_plan_the_lock_and_the_clips(
    project: Project, vendor: Vendor
) -> None:
    project.write(SKYLINE + "  walk: {image: {shot: skyline.dusk-rain, frame: first}}\n")

    assert project.apply().code == 0

    names = ["skyline.dawn-clear", "skyline.dusk-clear", "skyline.dusk-rain"]
    assert sorted(project.lock) == [*names, "walk"]
    assert clips(project) == [*(f"{name}.mp4" for name in names), "walk.mp4"]
    prompts = {task.body["prompt"] for task in vendor.accepted if "prompt" in task.body}
    assert prompts == {"The city at dawn, clear.", "The city at dusk, clear.", "The city at dusk, rain."}
    shown = project.run("show", "skyline", "--format", "json").json
    documents.check("storyboard", shown)
    assert [shot["shot"] for shot in shown["shots"]] == names
    assert [piece["shot"] for piece in shown["cut"]] == [*names, "walk"]
    project.write(SKYLINE.replace("[clear, rain]", "[clear, rain, snow]"))
    assert kinds(project)["skyline.dawn-snow"] == "generate"
    assert kinds(project)["skyline.dusk-rain"] == "keep"


def test_each_environment_has_a_lock_and_clips_of_its_own_and_shares_what_is_the_same(
    project: Project, vendor: Vendor
) -> None:
    more = "environments:\n  draft: {provider: preview, defaults: {size: 1280x720}}\n  final: {}\n"
    project.write("  walk: {prompt: The fox walks on.}\n", more=more)

    assert project.apply("--env", "draft").code == 0
    assert not vendor.accepted
    assert project.apply("--env", "final").code == 0
    assert len(vendor.accepted) == 1
    assert kinds(project) == {"walk": "reuse"}
    assert project.apply().code == 0
    assert len(vendor.accepted) == 1

    locks = sorted(path.name for path in project.root.glob("*.lock"))
    assert locks == ["cogvid.draft.lock", "cogvid.final.lock", "cogvid.lock"]
    assert (
        clips(project) == clips(project, "renders/draft") == clips(project, "renders/final") == ["walk.mp4"]
    )
    draft = describe(project.root / "renders/draft/walk.mp4", "")
    assert (draft.width, draft.height) == (1280, 720)
    assert project.run("check", "--env", "draft").code == 0
    assert (project.root / "renders/.gitignore").read_text() == "*\n"
    assert not (project.root / "renders/draft/.gitignore").exists()
    ran = project.run("plan", "--env", "finale")
    assert ran.code == 64
    assert ran.err == "error: there is no environment 'finale'\n hint: did you mean 'final'?\n"


def test_included_shots_are_generated_like_others(project: Project, vendor: Vendor) -> None:
    acts = project.root / "acts"
    acts.mkdir()
    (acts / "1.yaml").write_text("shots: {arrival: {prompt: A train arrives.}}\n")
    project.write("  walk: {image: {shot: arrival, frame: last}}\n", more="include: [acts/*.yaml]\n")

    assert project.apply().code == 0

    assert list(kinds(project)) == ["arrival", "walk"]
    (acts / "1.yaml").write_text("shots: {arrival: {prompt: A train arrives., fps: 24}}\n")
    ran = project.run("plan")
    assert ran.code == 3
    assert ran.err.startswith("acts/1.yaml:1:50: shots.arrival.fps: 24 is not a frame rate")


def test_a_protected_shot_stops_apply_before_anything_is_submitted(project: Project, vendor: Vendor) -> None:
    project.write("  walk: {prompt: The fox walks on., protect: true}\n")
    assert project.apply().code == 0
    before = project.lock

    project.write("  walk: {prompt: The fox runs., protect: true}\n  run: {prompt: The fox runs fast.}\n")
    ran = project.apply()

    assert ran.code == 1
    assert "walk is protected, and this plan would replace what is there; nothing was done" in ran.err
    assert "prompt changed; protected" in ran.out
    assert len(vendor.accepted) == 1
    assert project.lock == before
    plan = actions(project)
    assert (plan["walk"]["action"], plan["walk"]["refused"]) == ("regenerate", True)
    assert "refused" not in plan["run"]
    project.write("  walk: {prompt: The fox runs.}\n")
    assert project.apply().code == 0


def test_a_frozen_shot_keeps_its_clip_and_passes_the_check(project: Project, vendor: Vendor) -> None:
    rest = "  rest: {prompt: The fox rests., image: {shot: walk, frame: last}}\n"
    project.write("  walk: {prompt: The fox walks on.}\n" + rest)
    project.apply()

    project.write("  walk: {prompt: The fox runs., freeze: true}\n" + rest)

    plan = actions(project)
    assert {name: action["action"] for name, action in plan.items()} == {"walk": "keep", "rest": "keep"}
    assert plan["walk"]["reason"] == "frozen and stale: prompt changed"
    assert [change["path"] for change in plan["walk"]["changes"]] == ["prompt"]
    assert project.run("check").code == 0
    ran = project.apply()
    assert "Nothing to do: 1 up to date, 1 frozen." in ran.out
    assert len(vendor.accepted) == 2
    (project.root / "renders/walk.mp4").unlink()
    assert project.apply().code == 0
    assert project.run("check").code == 0


def test_a_shot_waits_for_what_it_depends_on_and_is_blocked_without_it(
    project: Project, vendor: Vendor
) -> None:
    project.write("  run: {prompt: The fox runs., depends_on: [walk]}\n" + TAKES)
    vendor.on_submit(Accept(), Reply(400), Accept())

    ran = project.apply("--json", "--jobs", "1")

    assert ran.code == 1
    blocked = [event for event in ran.events if event["event"] == "blocked"]
    assert [(event["shot"], event["on"]) for event in blocked] == [("run", "walk@2")]
    assert sorted(project.lock) == ["walk", "walk@2", "walk@3"]
    assert project.apply().code == 0
    assert vendor.accepted[-1].body["prompt"] == "The fox runs."


def test_a_variable_that_the_manifest_does_not_know_is_a_wrong_command_line(project: Project) -> None:
    project.write('  walk: {prompt: "{{ hero }} walks on."}\n', more="vars: {hero: The fox}\n")

    ran = project.run("plan", "--var", "herro=A hen")

    assert (ran.code, ran.out) == (64, "")
    assert "--var herro: the manifest has no such variable" in ran.err
    assert "did you mean 'hero'?" in ran.err
    other = project.root / "other.yaml"
    other.write_text((project.root / "cogvid.yaml").read_text().replace("hero", "herro"))
    assert project.run("validate", "cogvid.yaml", "other.yaml", "--var", "herro=A hen").code == 0
    assert project.run("validate", "cogvid.yaml", "--var", "herro=A hen").code == 64


def test_the_budget_counts_every_take(project: Project, vendor: Vendor) -> None:
    project.write(TAKES, more="budget: {max_cost: 2, currency: CNY}\n")

    assert project.apply().code == 6
    assert not vendor.requests
    assert project.apply("--max-cost", "9").code == 6
    assert Path(project.root / "cogvid.lock").exists() is False
