"""`cogvid recover`: what was held is settled by the user's word, and never by itself."""

import shutil

import pytest

from tests.project import Project
from tests.terminal import on_terminal
from tests.vendor import Accept, Cut, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
DOG = "  dog: {prompt: A dog plays.}\n"


def hold(project: Project, vendor: Vendor) -> str:
    """Have the cat held; its task at the vendor."""
    vendor.on_submit(Accept(then=Cut()))
    project.write(CAT)
    assert project.apply().code == 5
    return vendor.accepted[0].id


def test_held_shots_are_listed_with_what_is_at_stake(project: Project, vendor: Vendor) -> None:
    hold(project, vendor)

    ran = project.run("recover")

    assert ran.code == 0
    assert ran.out.startswith("cat: submitted to geekai at 20")
    assert "  prompt    A cat plays.\n" in ran.out
    assert "  asks for  model cogvideox-3\n" in ran.out
    assert "  at stake  1.00 CNY\n" in ran.out
    assert "look in its console" in ran.out
    assert "cogvid recover --adopt SHOT=TASK" in ran.out


def test_an_adopted_task_is_waited_for_and_not_paid_again(project: Project, vendor: Vendor) -> None:
    task = hold(project, vendor)

    assert project.run("recover", "--adopt", f"cat={task}").code == 0

    assert project.lock["cat"]["status"] == "submitted"
    assert project.plan() == {"cat": "resume"}
    assert project.apply().code == 0
    assert len(vendor.posts) == 1
    assert project.lock["cat"]["result"]["task_id"] == task


def test_what_is_released_is_submitted_again_by_the_next_apply(project: Project, vendor: Vendor) -> None:
    hold(project, vendor)

    assert project.run("recover", "--pay-again", "cat").code == 0

    assert project.plan() == {"cat": "generate"}
    assert project.apply().code == 0
    assert len(vendor.accepted) == 2
    assert project.run("recover").out == "Nothing is held.\n"


def test_the_old_result_stays_when_its_held_successor_is_released(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()
    vendor.on_submit(Accept(then=Cut()))
    project.write(CAT.replace("plays", "sleeps"))
    project.apply()

    project.run("recover", "--pay-again", "cat")

    assert project.lock["cat"]["status"] == "succeeded"
    assert project.plan() == {"cat": "regenerate"}


def test_a_shot_that_is_not_held_is_named(project: Project, vendor: Vendor) -> None:
    hold(project, vendor)
    vendor.on_submit()
    project.write(CAT + DOG)

    ran = project.run("recover", "--pay-again", "dog")

    assert ran.code == 64
    assert "'dog' is not held" in ran.err
    assert "held are cat" in ran.err


def test_a_name_that_no_shot_has_is_refused(project: Project, vendor: Vendor) -> None:
    hold(project, vendor)

    ran = project.run("recover", "--adopt", "cta=task-1")

    assert ran.code == 64
    assert "did you mean 'cat'?" in ran.err


def test_a_task_made_elsewhere_is_taken_for_a_shot_that_has_none(project: Project, vendor: Vendor) -> None:
    task = hold(project, vendor)
    (project.root / "cogvid.lock").unlink()
    shutil.rmtree(project.root / ".cogvid")

    assert project.run("recover", "--adopt", f"cat={task}").code == 0

    assert project.plan() == {"cat": "resume"}
    assert project.apply().code == 0
    assert len(vendor.posts) == 1
    assert project.lock["cat"]["result"]["task_id"] == task


def test_a_task_is_adopted_for_one_request_only(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()
    project.write(CAT + DOG)

    ran = project.run("recover", "--adopt", f"dog={vendor.accepted[0].id}")

    assert ran.code == 64
    assert "is known already, as that of another request: 'A cat plays.'" in ran.err


@pytest.mark.parametrize("task", ["", "..", "a b", "x" * 300, "line\nbreak"])
def test_what_cannot_be_a_task_is_refused(project: Project, vendor: Vendor, task: str) -> None:
    hold(project, vendor)

    ran = project.run("recover", "--adopt", f"cat={task}")

    assert ran.code == 64
    assert "cannot be the id of a task" in ran.err
    assert project.lock["cat"]["status"] == "held"


def test_a_shot_that_has_its_clip_needs_no_task(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    project.apply()

    ran = project.run("recover", "--adopt", "cat=task-7")

    assert ran.code == 64
    assert "'cat' needs no task: up to date" in ran.err


def test_a_task_that_the_vendor_has_lost_is_reported_until_it_is_released(
    project: Project, vendor: Vendor
) -> None:
    project.write(CAT)
    vendor.running_polls = 10**6
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.polls) > 0)
    process.kill()
    process.communicate()
    vendor.forget(vendor.accepted[0].id)
    vendor.running_polls = 0

    first, second = project.apply(), project.apply()

    assert (first.code, second.code, len(vendor.posts)) == (1, 1, 1)
    assert "no longer knows task" in first.err
    assert "cogvid recover --pay-again cat" in first.err
    assert project.run("recover", "--pay-again", "cat").code == 0
    assert project.apply().code == 0
    assert len(vendor.posts) == 2


def test_what_no_shot_asks_for_any_more_goes_by_its_request_id(project: Project, vendor: Vendor) -> None:
    task = hold(project, vendor)
    request_id = project.lock["cat"]["pending"]["request_id"]
    project.write(DOG)
    vendor.on_submit()
    assert project.apply().code == 0

    ran = project.run("recover")

    assert f"{request_id}: submitted to geekai" in ran.out
    assert "no shot of this manifest asks for it now" in ran.out
    assert project.run("recover", "--adopt", f"{request_id}={task}").code == 0
    project.write(CAT)
    assert project.plan() == {"cat": "resume", "dog": "forget"}


def test_what_no_shot_asks_for_any_more_is_released_without_a_promise(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Cut())
    project.write(CAT)
    assert project.apply().code == 5
    request_id = project.lock["cat"]["pending"]["request_id"]
    project.write(DOG)

    ran = project.run("recover", "--pay-again", request_id)

    assert ran.code == 0
    assert "no longer held; no shot of this manifest asks for it now" in ran.out
    assert project.run("recover").out == "Nothing is held.\n"


def test_a_task_that_never_finishes_is_given_up_and_gone_on_with_later(
    project: Project, vendor: Vendor
) -> None:
    vendor.running_polls = 3
    project.write(CAT)

    ran = project.apply("--task-timeout", "0.01")

    assert ran.code == 1
    assert "did not finish in time (the next apply goes on waiting for it)" in ran.err
    assert project.plan() == {"cat": "resume"}
    assert project.apply().code == 0
    assert len(vendor.posts) == 1


def test_a_person_at_a_terminal_is_asked_about_each(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(Accept(then=Cut()), Cut(), Cut())
    project.write(CAT + DOG + "  fox: {prompt: A fox plays.}\n")
    assert project.apply("--jobs", "1").code == 5

    with on_terminal(project, "recover") as terminal:
        terminal.wait_for("[s]kip")
        terminal.type("t\n")
        terminal.wait_for("Task id")
        terminal.type(f"{vendor.accepted[0].id}\n")
        terminal.wait_for("dog: submitted to geekai")
        terminal.type("n\n")
        terminal.wait_for("fox: submitted to geekai")
        terminal.type("\n")

        assert terminal.end() == 0
        assert "dog: the next apply submits it again" in terminal.text

    assert project.plan() == {"cat": "resume", "dog": "generate", "fox": "hold"}


def test_a_lock_cannot_have_the_key_sent_to_its_host_by_way_of_recover(
    project: Project, vendor: Vendor
) -> None:
    hold(project, vendor)
    shutil.rmtree(project.root / ".cogvid")
    lock = project.root / "cogvid.lock"
    with Vendor() as thief:
        lock.write_text(lock.read_text().replace(vendor.base_url, thief.base_url))

        ran = project.run("recover", "--adopt", "cat=task-7")
        project.apply()

        assert ran.code == 64
        assert f"was submitted to {thief.base_url}, where no key of yours is sent" in ran.err
        assert thief.requests == []


def test_a_slip_in_an_adopted_task_can_be_mended(project: Project, vendor: Vendor) -> None:
    task = hold(project, vendor)
    assert project.run("recover", "--adopt", "cat=oops").code == 0

    ran = project.apply()

    assert ran.code == 1
    assert "cogvid recover --adopt cat=TASK" in ran.err
    assert project.run("recover", "--adopt", f"cat={task}").code == 0
    assert project.apply().code == 0
    assert len(vendor.posts) == 1


def test_an_answer_that_was_given_counts_although_the_next_one_is_not(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Accept(then=Cut()), Cut())
    project.write(CAT + DOG)
    assert project.apply("--jobs", "1").code == 5

    with on_terminal(project, "recover") as terminal:
        terminal.wait_for("[s]kip")
        terminal.type("t\n")
        terminal.wait_for("Task id")
        terminal.type(f"{vendor.accepted[0].id}\n")
        terminal.wait_for("dog: submitted to geekai")
        assert terminal.interrupt() == 130

    assert project.plan() == {"cat": "resume", "dog": "hold"}
