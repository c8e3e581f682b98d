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
