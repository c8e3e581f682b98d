"""`cogvid recover`: what was held is settled by the user's word, and never by itself."""

from tests.project import Project
from tests.vendor import Accept, Cut, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"


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
    assert "prompt   A cat plays." in ran.out
    assert "at stake 1.00 CNY" in ran.out
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

    ran = project.run("recover", "--pay-again", "dog")

    assert ran.code == 64
    assert "'dog' is not held" in ran.err
    assert "held are cat" in ran.err
