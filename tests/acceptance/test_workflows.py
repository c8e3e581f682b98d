"""The files that other tools read: they are as those tools' schemas say, and pre-commit runs the hook."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project import PATIENCE
from tests.repository import git

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / "examples" / "github" / "cogvid.yml"
GITLAB = ROOT / "examples" / "gitlab" / ".gitlab-ci.yml"


def run_module(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )


def steps(document: Any) -> list[dict[str, Any]]:
    """Every step of an action or a workflow."""
    if "runs" in document:
        return list(document["runs"]["steps"])
    return [step for job in document["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("vendor.github-actions", ROOT / "action.yml"),
        ("vendor.github-workflows", GITHUB),
        ("vendor.gitlab-ci", GITLAB),
    ],
    ids=["action", "workflow", "gitlab"],
)
def test_a_file_is_as_its_schema_says(kind: str, path: Path) -> None:
    extra = ["--data-transform", "gitlab-ci"] if kind == "vendor.gitlab-ci" else []

    ran = run_module("check_jsonschema", "--builtin-schema", kind, *extra, str(path), cwd=ROOT)

    assert ran.returncode == 0, ran.stdout


def test_nothing_is_put_into_a_script() -> None:
    """What stands in `${{ }}` becomes part of the script, so a branch's name could be a command."""
    for path in (ROOT / "action.yml", GITHUB):
        for step in steps(yaml.safe_load(path.read_text(encoding="utf-8"))):
            assert "${{" not in step.get("run", ""), step


def test_every_script_that_the_action_runs_is_there() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")

    named = set(re.findall(r"/ci/([a-z-]+\.sh)", text))

    assert named == {path.name for path in (ROOT / "ci").glob("*.sh")}


def test_pull_requests_see_no_secret_and_applies_are_never_two_at_once() -> None:
    jobs = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))["jobs"]

    assert "secrets." not in str(jobs["plan"])
    assert jobs["plan"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert jobs["apply"]["concurrency"] == {"group": "cogvid-apply", "cancel-in-progress": False}


def test_keys_reach_the_steps_that_need_them_and_no_other() -> None:
    action = steps(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))

    def given(name: str) -> list[str]:
        # Whether there is a ledger is no secret.
        told = re.compile(r"inputs\.ledger (== ''|&& 'shared')")
        return [step["name"] for step in action if f"inputs.{name}" in told.sub("", str(step.get("env", "")))]

    for key in ("geekai-api-key", "bigmodel-api-key", "zai-api-key", "ledger"):
        assert given(key) == ["Apply"]
    for key in ("remote-access-key-id", "remote-secret-access-key"):
        assert given(key) == ["Plan", "Apply", "Share the clips"]


def test_a_plan_asks_the_store_on_pull_requests_of_the_repository_itself_alone() -> None:
    action = steps(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))
    (plan,) = (step for step in action if step.get("name") == "Plan")

    own = "github.event.pull_request.head.repo.full_name == github.repository && inputs.remote || ''"
    assert plan["env"]["COGVID_REMOTE"] == "${{ " + own + " }}"


def test_only_the_workflow_says_which_store_is_used() -> None:
    """Where the variable is not set, or a step does without it, the manifest's would be."""
    action = steps(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))

    using = [step["name"] for step in action if re.search(r"ci/(plan|apply|push)\.sh", step.get("run", ""))]

    assert [step["name"] for step in action if "COGVID_REMOTE" in step.get("env", {})] == using


def test_pre_commit_runs_the_hook_on_manifests_and_on_nothing_else(tmp_path: Path) -> None:
    # Only what is committed is installed, so the checkout as it is becomes a repository of its own.
    hooks = tmp_path / "hooks"
    listed = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (hooks / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, hooks / name)
    film = tmp_path / "film"
    film.mkdir()
    for directory in (hooks, film):
        git(directory, "init", "-q", "-b", "main")
    git(hooks, "add", "--all")
    git(hooks, "commit", "-q", "-m", "All")
    revision = git(hooks, "rev-parse", "HEAD")
    config = {"repos": [{"repo": str(hooks), "rev": revision, "hooks": [{"id": "cogvid-validate"}]}]}
    (film / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    (film / "other.yaml").write_text("nonsense: true\n")
    good = (
        "version: 1\nproject: film\nprovider: preview\nshots: {cat: {model: cogvideox-3, prompt: A cat.}}\n"
    )
    (film / "cogvid.yaml").write_text(good)
    git(film, "add", "--all")

    passed = run_module("pre_commit", "run", "--all-files", "--verbose", cwd=film)
    (film / "cogvid.yaml").write_text(good.replace("A cat.", "A cat., duration: 7"))
    git(film, "add", "--all")
    failed = run_module("pre_commit", "run", "--all-files", cwd=film)

    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "valid: 1 shot" in passed.stdout
    assert failed.returncode == 1
    assert "cogvid.yaml:4:" in failed.stdout
    assert "other.yaml" not in failed.stdout
