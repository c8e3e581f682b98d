"""The policies among the examples, with plans of the real command."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.project import Project

EXAMPLES = Path(__file__).parents[2] / "examples/policies"
FEW = "".join(f"  s{place}: {{prompt: Shot {place}.}}\n" for place in range(3))
MANY = "".join(f"  s{place}: {{prompt: Shot {place}.}}\n" for place in range(11))
NO_PRICES = (
    "version: 1\nproject: test\nprovider: geekai\nshots: {cat: {prompt: A cat., model: cogvideox-3}}\n"
)

Policy = Callable[[str], list[str]]


def in_python(plan: str) -> list[str]:
    """What policy.py refuses; its exit code says the same."""
    ran = subprocess.run(
        [sys.executable, EXAMPLES / "policy.py"], input=plan, capture_output=True, text=True, check=False
    )
    refused = ran.stderr.splitlines()
    assert ran.returncode == bool(refused)
    return refused


def in_rego(plan: str) -> list[str]:
    """What plan.rego denies, as conftest would ask it."""
    regopy = pytest.importorskip("regopy")
    rego = regopy.Interpreter()
    rego.add_module("plan.rego", (EXAMPLES / "plan.rego").read_text(encoding="utf-8"))
    rego.set_input_term(plan)
    return list(rego.query("data.main.deny").results[0].expressions[0])


@pytest.fixture(params=[in_python, in_rego], ids=["python", "rego"])
def refused(request: pytest.FixtureRequest) -> Policy:
    policy: Policy = request.param
    return policy


def planned(project: Project, *arguments: str) -> str:
    return project.run("plan", "--format", "json", *arguments).out


@pytest.mark.parametrize(("name", "language"), [("policy.py", "python"), ("plan.rego", "rego")])
def test_the_documentation_shows_the_policies_as_they_are(name: str, language: str) -> None:
    page = (EXAMPLES.parents[1] / "docs/review.md").read_text(encoding="utf-8")

    assert f"```{language}\n{(EXAMPLES / name).read_text(encoding='utf-8')}```" in page


def test_a_plan_within_the_limits_passes(project: Project, refused: Policy) -> None:
    project.write(FEW)

    assert refused(planned(project)) == []


def test_a_plan_that_costs_too_much_is_refused(project: Project, refused: Policy) -> None:
    project.write(MANY)

    (words,) = refused(planned(project))

    assert words.startswith("it costs 11")
    assert "CNY, more than 10" in words


def test_a_plan_that_replaces_too_many_clips_is_refused(project: Project, refused: Policy) -> None:
    project.write(FEW)
    project.apply()

    few = planned(project, *(f"--replace=s{place}" for place in range(2)))
    many = planned(project, *(f"--replace=s{place}" for place in range(3)))

    assert refused(few) == []
    assert refused(many)[0].startswith("it replaces 3 clips, more than 2")


def test_a_plan_without_a_price_is_refused(project: Project, refused: Policy) -> None:
    (project.root / "cogvid.yaml").write_text(NO_PRICES)

    assert refused(planned(project)) == ["the price of a shot is not known"]


def test_a_plan_of_a_format_that_the_policy_does_not_know_is_refused(
    project: Project, refused: Policy
) -> None:
    project.write(FEW)

    (words,) = refused(planned(project).replace('"1.0"', '"2.0"'))

    assert words.startswith("this policy does not know plans of")
