"""Plans and runs of some of the shots, with the real command."""

import pytest

from tests.documents import check
from tests.project import Project
from tests.vendor import Accept, Cut, Reply, Vendor

CAT = "  cat: {prompt: A cat plays., tags: [hero]}\n"
NAP = "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"
DREAM = "  dream: {prompt: It dreams., image: {shot: nap, frame: last}}\n"
DOG = "  dog: {prompt: A dog plays., tags: [hero, night]}\n"
STORY = CAT + NAP + DREAM + DOG


def test_apply_does_what_is_selected_and_what_that_needs(project: Project, vendor: Vendor) -> None:
    project.write(STORY)

    ran = project.apply("--select", "nap")

    assert ran.code == 0, ran.err
    assert "cat  generate    new; not selected, but needed by 'nap'" in ran.out
    assert [task.body["prompt"] for task in vendor.accepted] == ["A cat plays.", "It naps."]
    assert list(project.lock) == ["cat", "nap"]
    assert project.plan() == {"cat": "keep", "nap": "keep", "dream": "generate", "dog": "generate"}


def test_the_frames_of_a_shot_outside_of_the_selection_come_from_its_clip(
    project: Project, vendor: Vendor
) -> None:
    project.write(STORY)
    project.apply("--select", "cat", "--json")
    (project.root / "renders/cat.mp4").unlink()

    assert project.plan("--select", "nap") == {"cat": "fetch", "nap": "generate"}
    ran = project.apply("--select", "nap")

    assert ran.code == 0, ran.err
    assert len(vendor.accepted[1].images) == 1
    assert (project.root / "renders/cat.mp4").exists()


def test_a_stale_shot_outside_of_the_selection_counts_as_the_lock_has_it(
    project: Project, vendor: Vendor
) -> None:
    project.write(STORY)
    project.apply()
    project.write(STORY.replace("A cat", "A lion").replace("It naps", "It snores"))

    ran = project.apply("--select", "nap")

    assert ran.code == 0, ran.err
    assert "warning: cat: out of date and not selected" in ran.out
    assert vendor.accepted[-1].body["prompt"] == "It snores."
    request = project.lock["nap"]["result"]["request"]
    assert project.lock["cat"]["result"]["clip"]["sha256"] in request["image"][0]
    assert project.lock["cat"]["result"]["request"]["prompt"] == "A cat plays."
    assert project.plan() == {"cat": "regenerate", "nap": "regenerate", "dream": "regenerate", "dog": "keep"}


@pytest.mark.parametrize(
    ("arguments", "shots"),
    [
        (["--select", "cat+"], ["cat", "nap", "dream"]),
        (["--select", "+nap"], ["cat", "nap"]),
        (["--select", "tag:hero", "--exclude", "cat"], ["dog"]),
        (["--select", "d*"], ["cat", "nap", "dream", "dog"]),
        (["--select", "tag:night", "--select", "cat"], ["cat", "dog"]),
        (["--exclude", "state:new"], []),
    ],
)
def test_the_document_has_the_selected_shots_and_the_selectors(
    project: Project, arguments: list[str], shots: list[str]
) -> None:
    project.write(STORY)

    ran = project.run("plan", "--format", "json", *arguments)

    check("plan", ran.json)
    assert [action["shot"] for action in ran.json["actions"]] == shots
    assert [word for word in arguments if not word.startswith("--")] == (
        ran.json["options"]["select"] + ran.json["options"]["exclude"]
    )


def test_states_are_those_of_the_last_run(project: Project, vendor: Vendor) -> None:
    refused = Reply(400, {"error": {"code": "1301", "message": "unsafe content"}})
    vendor.on_submit(refused, Accept(then=Cut()), Accept())
    project.write(CAT + DOG + "  owl: {prompt: An owl.}\n")
    project.apply("--jobs", "1")
    project.write(CAT + DOG + "  owl: {prompt: Two owls.}\n  fish: {prompt: A fish.}\n")

    assert {
        state: list(project.plan("--select", f"state:{state}"))
        for state in ("new", "changed", "failed", "held")
    } == {
        "new": ["fish"],
        "changed": ["owl"],
        "failed": ["cat"],
        "held": ["dog"],
    }
    assert project.apply("--select", "state:failed").code == 0
    assert project.lock["cat"]["status"] == "succeeded"
    ran = project.apply("--select", "state:failed")
    assert (ran.code, ran.out) == (0, "Nothing is selected, so there is nothing to do.\n")


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_selector_that_means_nothing_exits_with_64_and_says_what_is_near(
    project: Project, command: str
) -> None:
    project.write(STORY)

    ran = project.run(command, "--select", "dreams")

    assert ran.code == 64
    assert "no shot is called 'dreams'" in ran.err
    assert "did you mean 'dream'?" in ran.err


def test_what_left_the_manifest_is_forgotten_by_name_or_without_a_selection(project: Project) -> None:
    project.write(CAT + DOG)
    project.apply()
    project.write(CAT)

    assert project.plan("--select", "cat") == {"cat": "keep"}
    assert project.plan("--select", "dog") == {"dog": "forget"}
    assert project.apply("--select", "dog").code == 0
    assert list(project.lock) == ["cat"]


def test_a_budget_counts_what_is_not_selected(project: Project, vendor: Vendor) -> None:
    project.write(CAT + DOG)
    project.apply("--select", "cat")
    project.write(CAT + DOG, more="budget: {max_cost: 1.5, currency: CNY}\n")

    planned = project.run("plan", "--select", "dog", "--format", "json").json
    ran = project.apply("--select", "dog")

    assert planned["budget"] == {
        "limit": {"amount": 1.5, "currency": "CNY"},
        "standing": {"amount": 1.0, "currency": "CNY"},
        "total": {"amount": 2.0, "currency": "CNY"},
    }
    assert ran.code == 6
    assert "the storyboard would cost 2.00 CNY" in ran.err
    assert len(vendor.accepted) == 1


def test_a_held_shot_that_is_needed_blocks_what_is_selected(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Cut()))
    project.write(CAT + NAP)
    project.apply()

    ran = project.apply("--select", "nap")

    assert ran.code == 5
    assert "held: cat" in ran.err
    assert len(vendor.accepted) == 1
