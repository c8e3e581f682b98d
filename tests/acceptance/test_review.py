"""What reviewers and their tools are shown, by the real command."""

import json

import pytest

from tests.documents import check
from tests.hostile import (
    HOSTILE,
    acts_in_markdown,
    acts_on_a_terminal,
    obeyed_in_a_log,
)
from tests.project import Project, Ran
from tests.terminal import on_terminal
from tests.vendor import Accept, Cut, Reply, Vendor

CAT = "  cat: {prompt: A cat plays.}\n"
NAP = "  nap: {prompt: It naps., image: {shot: cat, frame: last}}\n"
# What a prompt may be: no control characters, and no names that are not defined.
WRITTEN = [text for text in HOSTILE if text.isprintable() and "{{" not in text]


def yaml_of(prompts: list[str]) -> str:
    return "".join(f"  s{place:02}: {{prompt: {json.dumps(text)}}}\n" for place, text in enumerate(prompts))


def test_a_comment_for_a_pull_request(project: Project) -> None:
    project.write(CAT + NAP)
    project.apply("--select", "cat")
    project.write(CAT.replace("A cat", "A lion") + NAP)

    ran = project.run("plan", "--format", "markdown")

    assert ran.out.startswith("<!-- cogvid-plan test -->\n")
    assert "**Plan: 1 to generate, 1 to regenerate. Cost: 2.00 CNY at geekai.**" in ran.out
    assert "prompt: A <del>cat</del><ins>lion</ins> plays." in ran.out
    assert acts_in_markdown(ran.out) == []


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        ("text", "nap  generate    ← cat (last frame)"),
        ("dot", '  "cat" -> "nap" [label="last frame"];'),
        ("mermaid", '  n0 -->|"last frame"| n1'),
    ],
)
def test_a_graph_of_the_story(project: Project, layout: str, line: str) -> None:
    project.write(CAT + NAP)

    assert line in project.run("graph", "--format", layout).out.splitlines()


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_terminal_has_colours_and_a_pipe_has_none(project: Project, command: str) -> None:
    project.write(CAT)

    with on_terminal(project, command, "--select", "cat") as terminal:
        terminal.wait_for("Cost")
        if command == "apply":
            terminal.wait_for("Do this?")
            terminal.type("n\n")
        terminal.end()
        assert "\x1b[32m+ cat\x1b[0m" in terminal.shown
    project.env["NO_COLOR"] = "1"
    with on_terminal(project, "plan") as terminal:
        terminal.end()
        assert "\x1b[3" not in terminal.shown
    assert "\x1b" not in project.run("plan").out


@pytest.fixture
def film(project: Project, vendor: Vendor) -> Project:
    """A film in which strangers have had their say: in the manifest, in the lock, and at the vendor."""
    project.env["GITHUB_ACTIONS"] = "true"
    said = iter(HOSTILE * 2)
    vendor.fails = lambda body: {"code": 500, "message": next(said)} if len(vendor.accepted) % 2 else None
    project.write(yaml_of(WRITTEN))
    return project


def looked_at(ran: Ran, *, commands: bool = False) -> Ran:
    """What was printed, after a look at what it would do to a terminal and in a log."""
    assert acts_on_a_terminal(ran.out + ran.err) == []
    obeyed = obeyed_in_a_log(ran.out) + obeyed_in_a_log(ran.err)
    assert [line for line in obeyed if not (commands and line.startswith("::error file="))] == []
    return ran


def test_no_command_lets_strangers_speak_for_it(film: Project, vendor: Vendor) -> None:
    vendor.on_submit(
        *[Accept()] * 5, Accept(then=Cut()), Reply(400, {"error": {"code": "1301", "message": "::error::x"}})
    )

    applied = looked_at(film.apply("--jobs", "2"))

    assert applied.code == 5
    lock = json.loads((film.root / "cogvid.lock").read_text(encoding="utf-8"))
    for place, (name, entry) in enumerate(sorted(lock["shots"].items())):
        text = HOSTILE[place % len(HOSTILE)]
        for attempt in (entry.get("result"), entry.get("pending")):
            if attempt:
                attempt |= {"error": text, "url": text, "provider": text, "created_at": text}
                attempt["request"] |= {"prompt": text, text: text}
        lock["shots"][f"former-{name}"] = entry
    (film.root / "cogvid.lock").write_text(json.dumps(lock), encoding="utf-8")
    for arguments in (
        ["plan"],
        ["plan", "--select", "tag:" + "::error::"],
        ["status"],
        ["check"],
        ["recover"],
        ["show"],
        ["graph"],
        ["graph", "--format", "dot"],
        ["graph", "--format", "mermaid"],
        ["apply", "--yes", "--max-cost", "0"],
        ["apply", "::error::no such plan"],
        ["validate"],
    ):
        looked_at(film.run(*arguments))
    assert "former-s00" in film.run("status").out  # so the lock was read
    markdown = film.run("plan", "--format", "markdown").out
    assert acts_in_markdown(markdown) == []
    assert obeyed_in_a_log(markdown) == []
    planned = film.run("plan", "--format", "json")
    check("plan", planned.json)
    for ran in (planned, film.run("show", "--format", "json")):
        assert obeyed_in_a_log(ran.out) == []
        assert WRITTEN[0] in json.dumps(ran.json, ensure_ascii=False).replace('\\"', '"')


def test_no_mistake_lets_strangers_speak_for_it(film: Project) -> None:
    mistakes = "".join(
        f"  s{place:02}: {{duration: {json.dumps(text)}, {json.dumps(text)}: 1}}\n"
        for place, text in enumerate(HOSTILE)
    )
    film.write(mistakes)

    for layout in ("text", "json", "sarif"):
        ran = film.run("validate", "--format", layout)
        assert ran.code == 3
        assert obeyed_in_a_log(ran.out) == []
    assert acts_on_a_terminal(film.run("validate").out) == []
    annotations = looked_at(film.run("validate", "--format", "github"), commands=True).out.splitlines()
    assert len(annotations) >= len(HOSTILE)
    assert all(line.startswith("::error file=cogvid.yaml,line=") for line in annotations)
    assert looked_at(film.run("plan")).code == 3


def test_events_of_a_run_command_no_log(film: Project, vendor: Vendor) -> None:
    vendor.on_submit(*[Reply(400, {"error": {"code": "1301", "message": text}}) for text in HOSTILE[:4]])
    film.write(yaml_of(["##[error]a", "::error::b", "c", "d"]))

    ran = film.apply("--json")

    assert obeyed_in_a_log(ran.out) == []
    for event in ran.events:
        check("event", event)
    assert sum(event["event"] == "failed" for event in ran.events) == 4
