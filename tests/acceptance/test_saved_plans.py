"""Saved plans: applied as they were saved, or not at all."""

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.documents import check
from tests.project import Project
from tests.vendor import KEY, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
LION = "  cat: {prompt: A lion plays.}\n"
NAP = "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"
DOG = "  dog: {prompt: A dog plays.}\n"


def saved(project: Project, *arguments: str, name: str = "plan.json") -> dict[str, Any]:
    """The document that was saved, after a look at it."""
    ran = project.run("plan", "--out", name, *arguments)
    assert ran.code == 0, ran.err
    document: dict[str, Any] = json.loads((project.root / name).read_text(encoding="utf-8"))
    check("plan", document)
    return document


def edit(project: Project, change: Callable[[dict[str, Any]], None]) -> None:
    path = project.root / "plan.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


# --- it is done ---------------------------------------------------------------------------------------


def test_a_saved_plan_is_done_without_asking_under_whatever_name(project: Project, vendor: Vendor) -> None:
    project.write(CAT + NAP + DOG)
    document = saved(project, "--select", "nap", name="approved.txt")

    ran = project.run("apply", "approved.txt")

    assert ran.code == 0, ran.err
    assert [action["shot"] for action in document["actions"]] == ["cat", "nap"]
    assert [task.body["prompt"] for task in vendor.accepted] == ["A cat plays.", "It naps."]


def test_a_saved_plan_replaces_a_clip_once(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    assert project.apply().code == 0
    saved(project, "--replace", "cat")

    assert project.run("apply", "plan.json").code == 0
    again = project.run("apply", "plan.json")

    assert again.code == 4
    assert "--replace pays each time" in again.err
    assert len(vendor.accepted) == 2


def test_what_is_saved_is_the_document_that_is_printed(project: Project) -> None:
    project.write(CAT)

    printed = project.run("plan", "--out", "plan.json", "--format", "json")

    assert (project.root / "plan.json").read_text(encoding="utf-8") == printed.out
    assert "cogvid apply plan.json" in printed.err


def test_it_is_planned_again_with_the_options_of_the_file(project: Project, vendor: Vendor) -> None:
    project.write(
        "  cat: {prompt: 'A {{ what }} {{ does }}.'}\n" + DOG,
        more="vars: {what: cat, does: plays}\n",
        provider="zai",
    )
    (project.root / "vars").mkdir()
    (project.root / "vars/final.yaml").write_text("does: sleeps\n")
    options = ["--var", "what=lion", "--var-file", "vars/final.yaml", "--provider", "geekai"]
    project.apply("--provider", "geekai", "--select", "dog")

    document = saved(project, *options, "--replace", "dog", "--exclude", "state:held")

    assert document["inputs"] == {
        "manifest": "cogvid.yaml",
        "provider": "geekai",
        "environment": None,
        "variables": {"what": "lion"},
        "variable_files": ["vars/final.yaml"],
    }
    assert document["options"] == {"select": [], "exclude": ["state:held"], "replace": ["dog"]}
    assert project.run("apply", "plan.json", "--jobs", "1").code == 0
    assert [task.body["prompt"] for task in vendor.accepted] == [
        "A dog plays.",
        "A lion sleeps.",
        "A dog plays.",
    ]


def test_it_holds_in_another_clone_and_says_nothing_of_the_machine(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    (project.root / "vars.yaml").write_text("{}\n")
    elsewhere = Project(project.root.parent / "elsewhere", vendor)
    project.run(
        "plan", "--out", str(project.root / "plan.json"), "--var-file", str(project.root / "vars.yaml")
    )
    shutil.copytree(project.root, elsewhere.root)

    text = (project.root / "plan.json").read_text(encoding="utf-8")

    assert str(project.root.parent) not in text
    assert KEY not in text
    assert vendor.origin not in text
    assert elsewhere.run("apply", "plan.json").code == 0


def test_a_manifest_in_another_directory_is_found_again(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    above = Project(project.root.parent, vendor)
    (project.root / "vars.yaml").write_text("{}\n")

    document = saved(above, "-f", "film", "--var-file", "film/vars.yaml")

    assert document["inputs"]["manifest"] == "film"
    assert document["inputs"]["variable_files"] == ["vars.yaml"]
    shutil.move(above.root / "plan.json", project.root / "plan.json")
    assert "film, which is not here" in project.run("apply", "plan.json").err
    assert project.run("apply", "plan.json", "-f", "cogvid.yaml").code == 0


def test_a_manifest_outside_of_the_directory_has_to_be_named_again(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    aside = Project(project.root.parent / "aside", vendor)
    aside.root.mkdir()

    document = saved(aside, "-f", "../film/cogvid.yaml")

    assert document["inputs"]["manifest"] is None
    ran = aside.run("apply", "plan.json")
    assert (ran.code, "name it with -f" in ran.err) == (64, True)
    assert aside.run("apply", "plan.json", "-f", "../film/cogvid.yaml").code == 0


def test_in_a_repository_paths_may_lead_to_other_directories_of_it(project: Project, vendor: Vendor) -> None:
    subprocess.run(["git", "init", "-q"], cwd=project.root.parent, check=True)
    (project.root.parent / "shared.yaml").write_text("what: lion\n")
    project.write("  cat: {prompt: 'A {{ what }} plays.'}\n")

    document = saved(project, "--var-file", "../shared.yaml")

    assert document["inputs"]["variable_files"] == ["../shared.yaml"]
    assert project.run("apply", "plan.json").code == 0
    assert vendor.accepted[0].body["prompt"] == "A lion plays."


def test_variables_of_a_file_outside_of_the_project_cannot_be_saved(project: Project) -> None:
    project.write(CAT)
    (project.root.parent / "shared.yaml").write_text("what: lion\n")

    ran = project.run("plan", "--out", "plan.json", "--var-file", "../shared.yaml")

    assert ran.code == 64
    assert "files of its project alone" in ran.err
    assert not (project.root / "plan.json").exists()
    printed = project.run("plan", "--format", "json", "--var-file", "../shared.yaml")
    assert printed.json["inputs"]["variable_files"] == [None]
    (project.root / "plan.json").write_text(printed.out)
    assert "which it does not name" in project.run("apply", "plan.json").err


def test_a_saved_plan_with_nothing_to_do_does_nothing(project: Project) -> None:
    project.write(CAT)
    project.apply()
    saved(project)

    ran = project.run("apply", "plan.json")

    assert (ran.code, ran.out) == (0, "Nothing to do: 1 up to date.\n")


def test_a_clip_whose_file_has_gone_since_is_fetched(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()
    project.write(CAT + DOG)
    saved(project)
    (project.root / "renders/cat.mp4").unlink()

    assert project.run("apply", "plan.json").code == 0
    assert len(vendor.accepted) == 2


def test_a_plan_of_an_environment_is_done_in_it(project: Project, vendor: Vendor) -> None:
    project.write(CAT, more="environments: {final: {defaults: {fps: 60}}}\n")

    document = saved(project, "--env", "final")

    assert document["inputs"]["environment"] == "final"
    assert project.run("apply", "plan.json").code == 0
    assert vendor.accepted[0].body["fps"] == 60
    assert (project.root / "cogvid.final.lock").exists()
    assert not (project.root / "cogvid.lock").exists()
    project.write(CAT)
    gone = project.run("apply", "plan.json")
    assert gone.code == 4
    assert "final" in gone.err


# --- or it is not -------------------------------------------------------------------------------------


def test_a_plan_that_was_done_does_not_hold_any_more(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    saved(project)
    project.run("apply", "plan.json")

    ran = project.run("apply", "plan.json")

    assert ran.code == 4
    assert "  cat: was to be generated, and is up to date now\n" in ran.err
    assert len(vendor.accepted) == 1


def test_a_run_of_a_saved_plan_that_was_stopped_goes_on_with_a_new_plan(
    project: Project, vendor: Vendor
) -> None:
    vendor.seconds = 3600
    project.write(CAT)
    saved(project)
    process = project.start("apply", "plan.json")
    vendor.wait_until(lambda: len(vendor.polls) >= 1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    again = project.run("apply", "plan.json")

    assert process.returncode == 130
    assert "plan again: it goes on where it was" in err
    assert again.code == 4
    assert "cat: was to be generated, and is to be resumed now" in again.err
    vendor.seconds = vendor.accepted[0].ready_at = 0
    saved(project)
    assert project.run("apply", "plan.json").code == 0
    assert len(vendor.accepted) == 1


def test_a_changed_manifest_is_told_shot_by_shot_and_nothing_is_done(
    project: Project, vendor: Vendor
) -> None:
    project.write(CAT + NAP)
    saved(project)
    project.write(LION + NAP + DOG)

    ran = project.run("apply", "--yes", "--json", "plan.json")

    assert ran.code == 4
    assert ran.out == ""
    assert '  cat: what it asks for is not the same: prompt: "A [-cat-]{+lion+} plays."\n' in ran.err
    assert "  dog: is to be generated now (new), and was not in the plan\n" in ran.err
    assert vendor.requests == []
    assert not (project.root / "cogvid.lock").exists()


def test_what_another_run_did_is_told(project: Project, vendor: Vendor) -> None:
    project.write(CAT + DOG)
    saved(project)
    project.apply("--select", "dog")

    ran = project.run("apply", "plan.json")

    assert ran.code == 4
    assert "  dog: was to be generated, and is up to date now\n" in ran.err
    assert len(vendor.accepted) == 1


def test_a_reformatted_manifest_has_not_moved(project: Project) -> None:
    project.write(CAT)
    saved(project)
    project.write("  # the hero\n  cat:\n    prompt: >-\n      A cat\n      plays.\n")

    assert project.run("apply", "plan.json").code == 0


def test_variables_that_changed_or_went_are_told(project: Project, vendor: Vendor) -> None:
    project.write("  cat: {prompt: 'A {{ what }} plays.'}\n")
    (project.root / "vars.yaml").write_text("what: cat\n")
    saved(project, "--var-file", "vars.yaml")
    (project.root / "vars.yaml").write_text("what: lion\n")

    changed = project.run("apply", "plan.json")
    (project.root / "vars.yaml").unlink()
    gone = project.run("apply", "plan.json")

    assert changed.code == gone.code == 4
    assert "[-cat-]{+lion+}" in changed.err
    assert "vars.yaml, which it took variables from, is not there any more" in gone.err
    assert vendor.requests == []


def test_what_is_selected_and_is_not_there_any_more_is_told(project: Project) -> None:
    project.write(CAT + DOG)
    saved(project, "--select", "dog")
    project.write(CAT)

    ran = project.run("apply", "plan.json")

    assert ran.code == 4
    assert "no shot is called 'dog'" in ran.err


def test_a_long_list_is_cut_short(project: Project) -> None:
    project.write("".join(f"  s{place}: {{prompt: Shot {place}.}}\n" for place in range(60)))
    saved(project)
    project.write(CAT)

    ran = project.run("apply", "plan.json")

    assert "  … and 21 more\n" in ran.err


def test_an_invalid_manifest_is_told_as_always(project: Project) -> None:
    project.write(CAT)
    saved(project)
    project.write("  cat: {prompt: A cat plays., duration: 7}\n")

    assert project.run("apply", "plan.json").code == 3


def test_limits_hold_for_saved_plans(project: Project, vendor: Vendor) -> None:
    project.write(CAT + DOG, more="budget: {max_cost: 2, currency: CNY}\n")
    saved(project)

    assert project.run("apply", "plan.json", "--max-cost", "1", "--yes").code == 6
    project.write(CAT + DOG, more="budget: {max_cost: 1, currency: CNY}\n")
    assert project.run("apply", "plan.json", "--yes").code == 6
    assert vendor.requests == []


@pytest.mark.parametrize(
    "option",
    [
        ["--select", "cat"],
        ["--exclude", "cat"],
        ["--replace", "cat"],
        ["--var", "a=b"],
        ["--var-file", "vars.yaml"],
        ["--provider", "preview"],
        ["--env", "final"],
    ],
    ids=lambda option: option[0],
)
def test_a_saved_plan_takes_no_further_options(project: Project, option: list[str]) -> None:
    project.write(CAT)
    saved(project)

    ran = project.run("apply", "plan.json", *option)

    assert ran.code == 64
    assert f"{option[0]}: a saved plan has its own options" in ran.err


# --- files that somebody wrote ------------------------------------------------------------------------


def ask_for_more(document: dict[str, Any]) -> None:
    document["actions"][0]["request"]["prompt"] = "Something else entirely."


def act_on_more(document: dict[str, Any]) -> None:
    document["actions"].append({**document["actions"][0], "shot": "evil"})


def claim_it_is_free(document: dict[str, Any]) -> None:
    document["actions"][0]["cost"] = document["cost"] = {"amount": 0.0, "currency": "CNY"}


def select_more(document: dict[str, Any]) -> None:
    document["options"]["select"] = ["*"]


@pytest.mark.parametrize("change", [ask_for_more, act_on_more, claim_it_is_free, select_more])
def test_nothing_is_done_out_of_the_file(
    project: Project, vendor: Vendor, change: Callable[[dict[str, Any]], None]
) -> None:
    project.write(CAT + DOG)
    saved(project, "--select", "cat")
    edit(project, change)

    ran = project.run("apply", "plan.json", "--yes")

    assert ran.code == 4
    assert vendor.requests == []


def test_a_damaged_plan_is_refused_in_plain_words(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    saved(project)
    path = project.root / "plan.json"
    path.write_bytes(path.read_bytes()[:300])

    ran = project.run("apply", "plan.json", "--yes")

    assert ran.code == 1
    assert ran.err.startswith("error: plan.json is no saved plan, or damaged: ")
    assert "cogvid plan --out FILE" in ran.err
    assert vendor.requests == []


# --- where it is saved --------------------------------------------------------------------------------


def test_a_plan_is_saved_over_an_older_plan_and_over_nothing_else(project: Project) -> None:
    project.write(CAT)
    (project.root / "empty").touch()
    (project.root / "link").symlink_to("empty")
    (project.root / "folder").mkdir()
    manifest = (project.root / "cogvid.yaml").read_bytes()
    saved(project)
    saved(project)
    saved(project, name="empty")

    for name in ("cogvid.yaml", "folder"):
        ran = project.run("plan", "--out", name)
        assert ran.code == 64
        assert f"{name} is there and is no saved plan" in ran.err
    assert (project.root / "cogvid.yaml").read_bytes() == manifest
    assert project.run("plan", "--out", "nowhere/plan.json").code == 1


def test_a_plan_over_the_budget_is_saved_with_its_warning(project: Project) -> None:
    project.write(CAT, more="budget: {max_cost: 0.5, currency: CNY}\n")

    document = saved(project)

    assert "more than the limit" in document["warnings"][0]


def test_saving_does_not_change_the_exit_code(project: Project) -> None:
    project.write(CAT)

    assert project.run("plan", "--out", "plan.json", "--detailed-exitcode").code == 2
    assert Path(project.root / "plan.json").exists()
