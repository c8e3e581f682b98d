"""A held shot that was released stays released, on whatever branch it is looked at."""

import subprocess

from tests.project import Project
from tests.vendor import Accept, Cut, Vendor

GIT = ("git", "-c", "user.name=Robin", "-c", "user.email=robin@example.com")


def git(project: Project, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=project.root, check=True, capture_output=True)


def test_a_branch_whose_lock_has_it_held_still_does_not_hold_it_again(
    project: Project, vendor: Vendor
) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    project.write("  cat: {prompt: A cat plays.}\n")
    vendor.on_submit(Accept(then=Cut()), Accept(then=Cut()))
    assert project.apply().code == 5
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "The cat is held")
    git(project, "switch", "--quiet", "--create", "draft")
    assert project.run("recover", "--pay-again", "cat").code == 0

    git(project, "restore", "cogvid.lock")
    released = project.plan()
    first, second = project.apply(), project.apply()

    assert released == {"cat": "generate"}
    assert (first.code, second.code) == (5, 5), second.err
    assert len(vendor.accepted) == 2
    assert project.run("recover", "--adopt", f"cat={vendor.accepted[1].id}").code == 0
    assert project.apply().code == 0
    assert len(vendor.accepted) == 2
