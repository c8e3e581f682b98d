"""What the GitHub Action runs, rehearsed from a shell with real git, the real command and a stub of `gh`."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.project import PATIENCE, Project
from tests.repository import git
from tests.vendor import Reply, Vendor

CI = Path(__file__).parents[2] / "ci"
CAT = "  cat: {prompt: A cat plays.}\n"
LION = "  cat: {prompt: A lion plays.}\n"
NAP = "  nap: {prompt: It naps.}\n"
BOT = "github-actions[bot]"

# Answers as `gh api` does, from the comments in a file, and takes down what it is asked for.
GH = """\
#!{python}
import json, os, re, subprocess, sys
comments = json.load(open({comments!r}))
arguments = sys.argv[1:]
assert arguments[0] == "api" and os.environ["GH_TOKEN"] == "token", arguments
method = arguments[arguments.index("--method") + 1] if "--method" in arguments else "GET"
path = next(a for a in arguments[1:] if a.startswith("repos/"))
if method == "GET":
    if os.environ.get("GH_FAILS"):
        sys.exit("HTTP 502")
    query = arguments[arguments.index("--jq") + 1]
    start = re.search(r'startswith\\("([^"]*)"\\)', query)[1]
    anyone = ".user.login == $ENV.AUTHOR and" not in query
    for each in comments:
        if (anyone or each["user"] == os.environ["AUTHOR"]) and each["body"].startswith(start):
            print(each["id"])
else:
    field = arguments[arguments.index("--field") + 1]
    body = open(field.removeprefix("body=@")).read()
    if method == "PATCH":
        found = next(c for c in comments if path.endswith("/comments/" + str(c["id"])))
        found["body"] = body
    else:
        assert path == "repos/fox/film/issues/7/comments", path
        comments.append({{"id": 100 + len(comments), "user": os.environ["AUTHOR"], "body": body}})
    json.dump(comments, open({comments!r}, "w"))
"""


@dataclass
class Host:
    """A bare repository, and pull request 7 with its comments."""

    root: Path
    vendor: Vendor

    @property
    def bare(self) -> Path:
        return self.root / "film.git"

    @property
    def comments(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads((self.root / "comments.json").read_text(encoding="utf-8"))
        return found

    def clone(self, name: str, branch: str = "main") -> Project:
        """A fresh clone, as a runner makes one; each has a ledger of its own."""
        git(self.root, "clone", "-q", "--depth", "1", "--branch", branch, self.bare.as_uri(), name)
        for key, value in (("name", "Fox"), ("email", "fox@example.com")):
            git(self.root / name, "config", f"user.{key}", value)
        return Project(self.root / name, self.vendor)

    def run(self, script: str, project: Project, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script of the action in a clone."""
        usual: Mapping[str, str] = {
            "MANIFEST": "cogvid.yaml",
            "ENVIRONMENT": "",
            "MAX_COST": "",
            "BRANCH": "main",
            "COMMIT": "0f0e0d0",
            "PLAN": str(self.root / "plan.md"),
            "NUMBER": "7",
            "AUTHOR": BOT,
            "GH_TOKEN": "token",
            "GITHUB_REPOSITORY": "fox/film",
        }
        path = f"{self.root / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", str(CI / script)],
            cwd=project.root,
            env={**os.environ, **self.vendor.environment, **usual, **variables, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture
def host(tmp_path: Path, vendor: Vendor) -> Host:
    (tmp_path / "bin").mkdir()
    stub = tmp_path / "bin" / "gh"
    stub.write_text(GH.format(python=sys.executable, comments=str(tmp_path / "comments.json")))
    stub.chmod(0o755)
    (tmp_path / "comments.json").write_text("[]")
    made = Host(tmp_path, vendor)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "film.git")
    git(tmp_path, "clone", "-q", str(made.bare), "start")
    first = Project(tmp_path / "start", vendor)
    first.write(CAT)
    (first.root / ".gitignore").write_text("renders/\n")
    git(first.root, "add", "--all")
    git(first.root, "commit", "-q", "-m", "A film")
    git(first.root, "push", "-q", "origin", "HEAD:main")
    return made


def push(project: Project, branch: str) -> None:
    git(project.root, "add", "--all")
    git(project.root, "commit", "-q", "-m", "Change")
    git(project.root, "push", "-q", "origin", f"HEAD:{branch}")


def test_branch_edit_plan_merge_apply_push_and_a_second_clone(host: Host, vendor: Vendor) -> None:
    # Someone edits the story on a branch, and the pull request gets its plan.
    author = host.clone("author")
    git(author.root, "checkout", "-q", "-b", "nap")
    author.write(CAT + NAP)
    push(author, "nap")
    reviewed = host.clone("reviewed", "nap")
    assert host.run("plan.sh", reviewed).returncode == 0
    assert host.run("comment.sh", reviewed).returncode == 0
    (comment,) = host.comments
    assert "2 to generate. Cost: 2.00 CNY" in str(comment["body"])
    assert "The plan of commit 0f0e0d0." in str(comment["body"])
    assert vendor.accepted == []

    # Another push to the branch edits the comment that is there.
    author.write(LION + NAP)
    push(author, "nap")
    assert "A [-cat-]{+lion+} plays." in author.run("diff", "origin/main").out
    git(reviewed.root, "pull", "-q", "origin", "nap")
    assert host.run("plan.sh", reviewed).returncode == 0
    assert host.run("comment.sh", reviewed).returncode == 0
    (comment,) = host.comments
    assert "A lion plays" in str(comment["body"])

    # It is merged; the protected branch applies it and pushes the lock.
    git(author.root, "checkout", "-q", "main")
    git(author.root, "merge", "-q", "--no-ff", "-m", "Merge", "nap")
    git(author.root, "push", "-q", "origin", "main")
    runner = host.clone("runner")
    applied = host.run("apply.sh", runner)
    committed = host.run("commit-lock.sh", runner)
    assert (applied.returncode, committed.returncode) == (0, 0), applied.stderr + committed.stderr
    assert len(vendor.accepted) == 2

    # Whoever clones it gets the clips free of charge, and the gate is open.
    second = host.clone("second")
    assert second.run("check", "--lock-only").code == 0
    assert second.run("check").code == 2
    assert second.apply().code == 0
    assert second.run("check").code == 0
    assert len(vendor.accepted) == 2
    assert git(second.root, "status", "--porcelain") == ""


def test_what_one_runner_makes_and_shares_the_next_plans_to_reuse(host: Host, vendor: Vendor) -> None:
    store = host.root / "shelf"
    store.mkdir()
    runner = host.clone("runner")

    # The first push makes the place a store; until then apply would not know whether it is the right one.
    assert host.run("apply.sh", runner, COGVID_REMOTE=str(store)).returncode == 1
    assert host.run("push.sh", runner, COGVID_REMOTE=str(store)).returncode == 0
    assert host.run("apply.sh", runner, COGVID_REMOTE=str(store)).returncode == 0
    shared = host.run("push.sh", runner, COGVID_REMOTE=str(store))
    other = host.clone("other")
    asked = host.run("plan.sh", other, COGVID_REMOTE=str(store))
    plan = (host.root / "plan.md").read_text(encoding="utf-8")
    host.run("plan.sh", other, COGVID_REMOTE="")
    offline = (host.root / "plan.md").read_text(encoding="utf-8")

    assert "1 clip sent" in shared.stdout
    assert asked.returncode == 0, asked.stderr
    assert "a colleague's; the shared store has it" in plan
    assert "1 to generate" in offline
    assert len(vendor.accepted) == 1


@pytest.mark.parametrize(
    ("ledger", "remote", "wanted"),
    [
        ("", "", "/action"),
        ("shared", "", "/action[postgres]"),
        ("", "s3://our-clips/film", "/action[s3]"),
        ("shared", "s3://our-clips/film", "/action[postgres,s3]"),
        ("shared", "gs://our-clips/film", "/action[postgres] gcsfs"),
        ("", "az://our-clips/film", "/action adlfs"),
        ("", "/mnt/clips", "/action"),
        ("", "$(touch planted)", "/action"),
    ],
)
def test_what_the_ledger_and_the_store_want_is_installed(
    host: Host, ledger: str, remote: str, wanted: str
) -> None:
    runner = host.clone("runner")
    stub = host.root / "bin" / "python"
    # As `python -m venv` would make it, with a pip that tells what it is to install.
    stub.write_text(
        """#!/bin/sh
        mkdir -p "$4/bin"
        printf '#!/bin/sh\\necho "$@"\\n' >"$4/bin/pip"
        chmod +x "$4/bin/pip"
        """
    )
    stub.chmod(0o755)
    places = {
        "RUNNER_TEMP": str(host.root),
        "GITHUB_PATH": str(host.root / "path"),
        "GITHUB_ACTION_PATH": "/action",
    }

    ran = host.run("install.sh", runner, LEDGER=ledger, REMOTE=remote, **places)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"install --quiet --disable-pip-version-check {wanted}\n"
    assert (host.root / "path").read_text() == f"{host.root}/cogvid/bin\n"
    assert not (runner.root / "planted").exists()


def test_the_lock_is_committed_although_a_shot_has_failed(host: Host, vendor: Vendor) -> None:
    author = host.clone("author")
    author.write(CAT + NAP)
    push(author, "main")
    vendor.on_submit(Reply(400))
    runner = host.clone("runner")

    applied = host.run("apply.sh", runner)
    committed = host.run("commit-lock.sh", runner)
    drawn = host.run("report.sh", runner, PAGE=str(host.root / "page"))

    assert (applied.returncode, committed.returncode, drawn.returncode) == (1, 0, 0), drawn.stderr
    assert "A cat plays." in (host.root / "page" / "index.html").read_text(encoding="utf-8")
    entries = host.clone("second").lock
    assert sorted(entry["status"] for entry in entries.values()) == ["failed", "succeeded"]


def test_over_budget_nothing_is_submitted_and_nothing_is_committed(host: Host, vendor: Vendor) -> None:
    runner = host.clone("runner")
    before = git(host.bare, "rev-parse", "main")

    assert host.run("apply.sh", runner, MAX_COST="0.5").returncode == 6
    assert host.run("commit-lock.sh", runner).returncode == 0

    assert (vendor.accepted, git(host.bare, "rev-parse", "main")) == ([], before)


def test_what_others_pushed_meanwhile_stays(host: Host) -> None:
    runner = host.clone("runner")
    assert host.run("apply.sh", runner).returncode == 0
    other = host.clone("other")
    (other.root / "notes.txt").write_text("Meanwhile.")
    push(other, "main")

    ran = host.run("commit-lock.sh", runner)

    assert ran.returncode == 0, ran.stderr
    last = host.clone("last")
    assert (last.root / "notes.txt").exists()
    assert last.lock["cat"]["status"] == "succeeded"


def test_a_push_that_the_branch_does_not_allow_is_told_from_a_race(host: Host) -> None:
    runner = host.clone("runner")
    assert host.run("apply.sh", runner).returncode == 0
    hook = host.bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)

    ran = host.run("commit-lock.sh", runner)

    assert ran.returncode == 1
    assert "may this token push to main?" in ran.stderr
    assert "Somebody else" not in ran.stderr


def test_files_that_the_job_changed_do_not_keep_the_lock_from_its_branch(host: Host) -> None:
    runner = host.clone("runner")
    assert host.run("apply.sh", runner).returncode == 0
    (runner.root / ".gitignore").write_text("renders/\nbuild/\n")
    other = host.clone("other")
    (other.root / "notes.txt").write_text("Meanwhile.")
    push(other, "main")

    assert host.run("commit-lock.sh", runner).returncode == 0

    assert host.clone("last").lock["cat"]["status"] == "succeeded"


def test_a_lock_that_others_changed_as_well_is_left_to_people(host: Host) -> None:
    runner = host.clone("runner")
    assert host.run("apply.sh", runner).returncode == 0
    other = host.clone("other")
    (other.root / "cogvid.lock").write_text('{\n  "shots": {},\n  "version": 1\n}\n')
    push(other, "main")
    theirs = git(host.bare, "rev-parse", "main")

    ran = host.run("commit-lock.sh", runner)

    assert ran.returncode == 1
    assert "merge it" in ran.stderr
    assert git(host.bare, "rev-parse", "main") == theirs


def test_an_environment_has_its_own_lock(host: Host) -> None:
    author = host.clone("author")
    author.write(CAT, more="environments: {final: {vars: {a: b}}}\n")
    push(author, "main")
    runner = host.clone("runner")

    assert host.run("apply.sh", runner, ENVIRONMENT="final").returncode == 0
    assert host.run("commit-lock.sh", runner, ENVIRONMENT="final", MANIFEST=".").returncode == 0

    assert (host.clone("second").root / "cogvid.final.lock").exists()


def test_the_same_first_line_of_somebody_else_is_not_edited(host: Host) -> None:
    runner = host.clone("runner")
    assert host.run("plan.sh", runner).returncode == 0
    first_line = (host.root / "plan.md").read_text(encoding="utf-8").splitlines()[0]
    strangers = {"id": 1, "user": "stranger", "body": first_line}
    (host.root / "comments.json").write_text(json.dumps([strangers]))

    assert host.run("comment.sh", runner).returncode == 0

    assert host.comments[0] == strangers
    assert host.comments[1]["user"] == BOT


def test_comments_that_cannot_be_listed_are_no_reason_for_another_one(host: Host) -> None:
    runner = host.clone("runner")
    assert host.run("plan.sh", runner).returncode == 0

    assert host.run("comment.sh", runner, GH_FAILS="1").returncode != 0

    assert host.comments == []


def test_an_invalid_manifest_is_annotated_and_makes_no_comment(host: Host) -> None:
    runner = host.clone("runner")
    runner.write("  cat: {prompt: A cat plays., duration: 7}\n")

    ran = host.run("plan.sh", runner)

    assert ran.returncode == 3
    assert ran.stdout.startswith("::error file=cogvid.yaml,line=7")
    assert host.comments == []


@pytest.mark.parametrize(
    "variables",
    [
        {"NUMBER": "7; touch planted"},
        {"NUMBER": ""},
        {"PLAN": "forged.md"},
    ],
)
def test_what_is_no_plan_or_no_number_makes_no_comment(host: Host, variables: dict[str, str]) -> None:
    runner = host.clone("runner")
    assert host.run("plan.sh", runner).returncode == 0
    forged = '<!-- cogvid-plan x")) or true or (.body | startswith(" -->\n'
    (runner.root / "forged.md").write_text(forged)

    assert host.run("comment.sh", runner, **variables).returncode == 1

    assert host.comments == []
    assert not (runner.root / "planted").exists()


@pytest.mark.parametrize("script", ["plan.sh", "apply.sh", "commit-lock.sh"])
@pytest.mark.parametrize("name", ["MANIFEST", "ENVIRONMENT"])
def test_what_inputs_say_is_never_run(host: Host, script: str, name: str) -> None:
    runner = host.clone("runner")

    host.run(script, runner, **{name: '$(touch planted); touch planted; "`touch planted`'})

    assert not (runner.root / "planted").exists()
