"""Files that somebody gives out for saved plans."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cogvid_pipeline.cli.plan_file import load_plan, save_plan
from cogvid_pipeline.cli.saved import inputs_from, settings_of
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.errors import CogvidError, StalePlan, UsageError
from cogvid_pipeline.model.plan import PlanInputs
from cogvid_pipeline.report.plan_json import plan_json
from tests.boards import plan_for, shot, storyboard

HERE = Settings(manifest=Path("cogvid.yaml"))


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A saved plan in a project, in which the test runs; what is secret lies beside the project."""
    (tmp_path / "secret.yaml").write_text("secret words\n")
    root = tmp_path / "film"
    root.mkdir()
    monkeypatch.chdir(root)
    Path("cogvid.yaml").touch()
    path = Path("plan.json")
    save_plan(
        path, plan_json(plan_for(storyboard(shot("cat", "A cat 猫."))), PlanInputs(manifest="cogvid.yaml"))
    )
    return path


def edit(plan: Path, **inputs: Any) -> dict[str, Any]:
    """What is loaded once the inputs have been changed."""
    document = json.loads(plan.read_text(encoding="utf-8"))
    document["inputs"] |= inputs
    plan.write_text(json.dumps(document), encoding="utf-8")
    return load_plan(plan)


DAMAGED: dict[str, Callable[[str], str]] = {
    "truncated": lambda text: text[: len(text) // 2],
    "empty": lambda _: "",
    "a list": lambda _: "[]",
    "a word": lambda _: '"plan"',
    "an object": lambda _: "{}",
    "a manifest": lambda _: "version: 1\nshots: {}\n",
    "a lock": lambda _: '{"version": 1, "shots": {}}',
    "nested": lambda _: "[" * 100_000,
    "not a number": lambda text: text.replace("1.0,", "NaN,"),
    "endless": lambda text: text.replace("1.0,", "Infinity,"),
    "huge": lambda text: text.replace('"take": 1', '"take": ' + "9" * 5_000),
    "twice": lambda text: text.replace('"project"', '"provider": "a", "project"'),
    "half a character": lambda text: text.replace("A cat", "\\ud800"),
    "another type": lambda text: text.replace('"take": 1', '"take": "1"'),
    "a missing field": lambda text: text.replace('"options"', '"others"'),
    "another action": lambda text: text.replace('"generate"', '"explode"'),
    "more behind it": lambda text: text + "{}",
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_plan_or_damaged_is_refused_in_plain_words(
    plan: Path, damage: Callable[[str], str]
) -> None:
    plan.write_text(damage(plan.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(CogvidError, match=r"^plan\.json is no saved plan") as refused:
        load_plan(plan)

    assert refused.value.hint.startswith("`cogvid plan --out FILE` saves one")


def test_bytes_that_are_no_text_are_no_plan(plan: Path) -> None:
    plan.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(CogvidError, match="is no saved plan"):
        load_plan(plan)


def test_damage_is_located(plan: Path) -> None:
    plan.write_text(plan.read_text(encoding="utf-8").replace('"take": 1', '"take": 0'), encoding="utf-8")

    with pytest.raises(CogvidError, match="what is at actions/0/take is not as in a plan"):
        load_plan(plan)


@pytest.mark.parametrize("version", ["2.0", "10.1", "x"])
def test_a_plan_of_the_future_is_refused_by_its_version(plan: Path, version: str) -> None:
    plan.write_text(plan.read_text(encoding="utf-8").replace('"1.0"', f'"{version}"'), encoding="utf-8")

    with pytest.raises(CogvidError, match=f"has format {version}; this cogvid reads 1.x"):
        load_plan(plan)


def test_a_later_plan_of_the_same_major_version_is_read(plan: Path) -> None:
    text = plan.read_text(encoding="utf-8").replace('"1.0"', '"1.9", "new": {"field": [null]}')
    plan.write_text("\ufeff" + text, encoding="utf-8")

    assert load_plan(plan)["new"] == {"field": [None]}


def test_what_is_no_file_is_refused_without_waiting_for_it(plan: Path) -> None:
    os.mkfifo("pipe")

    for name, words in (("pipe", "pipe is no file"), (".", "is no file"), ("walk", "there is no file walk")):
        with pytest.raises(UsageError, match=words):
            load_plan(Path(name))


@pytest.mark.parametrize(
    "name", ["../secret.yaml", "/etc/passwd", "a\0b", "x" * 5_000, "..", "../film/../.."]
)
def test_a_plan_names_no_manifest_outside_of_the_project(plan: Path, name: str) -> None:
    with pytest.raises(CogvidError, match="names a file outside of the project"):
        settings_of(edit(plan, manifest=name), HERE, named=False)


def test_a_manifest_that_is_not_here_is_named(plan: Path) -> None:
    with pytest.raises(UsageError, match=r"the plan is of acts/one\.yaml, which is not here"):
        settings_of(edit(plan, manifest="acts/one.yaml"), HERE, named=False)


@pytest.mark.parametrize("name", ["../secret.yaml", "link.yaml", "/etc/passwd", "a\0b"])
def test_a_plan_takes_no_variables_from_outside_of_the_project(plan: Path, name: str) -> None:
    Path("link.yaml").symlink_to("../secret.yaml")

    with pytest.raises(CogvidError, match="names a file outside of the project"):
        settings_of(edit(plan, variable_files=[name]), HERE, named=True)


def test_a_file_of_variables_that_has_become_something_else_makes_the_plan_stale(plan: Path) -> None:
    os.mkfifo("vars.yaml")

    with pytest.raises(StalePlan) as stale:
        settings_of(edit(plan, variable_files=["vars.yaml"]), HERE, named=True)

    assert stale.value.moved == ("vars.yaml, which it took variables from, is not there any more",)


def test_a_plan_for_a_provider_that_there_is_not_is_refused(plan: Path) -> None:
    with pytest.raises(CogvidError, match="which this cogvid does not know"):
        settings_of(edit(plan, provider="evil"), HERE, named=True)


def test_what_was_given_comes_back(plan: Path) -> None:
    Path("vars.yaml").touch()
    given = Settings(
        manifest=Path("cogvid.yaml"),
        variables={"a": "b"},
        variable_files=(Path("vars.yaml").absolute(),),
        environment="final",
        provider="zai",
    )
    inputs = inputs_from(given)

    document = edit(
        plan,
        variables=dict(inputs.variables),
        variable_files=list(inputs.variable_files),
        environment=inputs.environment,
        provider=inputs.provider,
    )

    assert settings_of(document, HERE, named=False) == Settings(
        manifest=Path("cogvid.yaml"),
        variables={"a": "b"},
        variable_files=(Path("vars.yaml"),),
        environment="final",
        provider="zai",
    )


def test_manifests_are_named_as_seen_from_here_if_they_lie_in_the_project(plan: Path, tmp_path: Path) -> None:
    Path("linked.yaml").symlink_to("cogvid.yaml")
    Path("outside.yaml").symlink_to(tmp_path / "secret.yaml")

    assert inputs_from(Settings(manifest=Path("linked.yaml"))).manifest == "linked.yaml"
    assert inputs_from(Settings(manifest=Path("outside.yaml"))).manifest is None
    assert inputs_from(Settings(manifest=Path.cwd() / "cogvid.yaml")).manifest == "cogvid.yaml"
    assert inputs_from(Settings(manifest=Path())).manifest == "."
