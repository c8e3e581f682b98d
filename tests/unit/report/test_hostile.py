"""Text of strangers in every output: it acts on no terminal, in no log and in no comment."""

import json
from dataclasses import replace
from decimal import Decimal
from html import unescape

import pytest

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt, Lock, LockEntry, State
from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.difference import StoryDifference
from cogvid_pipeline.model.event import Event
from cogvid_pipeline.model.plan import Plan
from cogvid_pipeline.model.problem import Location, Problem
from cogvid_pipeline.model.shot import ImageUrl, Money, Shot
from cogvid_pipeline.plan.storydiff import compare
from cogvid_pipeline.report import problems
from cogvid_pipeline.report.actions_log import harmless
from cogvid_pipeline.report.events import event_json, event_words
from cogvid_pipeline.report.graph import Edge, Graph, Node, graph_dot, graph_mermaid, graph_text
from cogvid_pipeline.report.held import Doubt, doubts_text
from cogvid_pipeline.report.json_text import json_text
from cogvid_pipeline.report.markup import code, inert
from cogvid_pipeline.report.moved import what_moved
from cogvid_pipeline.report.plan_json import plan_document, plan_json
from cogvid_pipeline.report.plan_markdown import plan_markdown
from cogvid_pipeline.report.plan_text import plan_text
from cogvid_pipeline.report.printable import printable
from cogvid_pipeline.report.status import status_text
from cogvid_pipeline.report.storyboard import storyboard_document, storyboard_text
from cogvid_pipeline.report.storydiff import difference_json, difference_text
from tests.boards import attempt, locked, plan_for, shot, storyboard
from tests.hostile import HOSTILE, acts_in_markdown, acts_on_a_terminal, obeyed_in_a_log

NOW = "2026-11-22T10:00:00.000+00:00"


def asking(text: str) -> Shot:
    """A shot that asks for the text in every way."""
    return replace(shot("new", f"A {text} plays.", seed=text), images=(ImageUrl(text),), tags=(text,))


def recorded(text: str, **fields: object) -> Attempt:
    """An attempt of which everything that a lock file says is the text."""
    made = attempt(shot("changed", f"A {text} sleeps.", **{text: text, "seed": text}))
    return replace(made, provider=text, base_url=text, request_id=text, task_id=text, error=text, **fields)


def lock_of(text: str) -> Lock:
    money = Money(Decimal(1), text)
    return locked(
        changed=LockEntry(result=recorded(text, cost=money), previous=recorded(text)),
        failed=LockEntry(pending=replace(recorded(text), state=State.FAILED, clip=None)),
        held=LockEntry(
            pending=attempt(shot("held", text), State.HELD, error=text, task_id=text, request_id=text)
        ),
        former=recorded(text),
    )


def plan_of(text: str) -> Plan:
    """A plan in which the text is wherever a manifest, a lock or a vendor can bring it."""
    board = storyboard(
        asking(text), shot("changed", f"A {text} wakes."), shot("failed", text), shot("held", text)
    )
    plan = plan_for(board, lock_of(text))
    first = replace(plan.actions[0], reason=text)
    return replace(plan, actions=(first, *plan.actions[1:]), warnings=(text, *plan.warnings))


def problems_of(text: str) -> list[Problem]:
    return [Problem("CV203", text, Location(text, 3, 2), f"/shots/{text}", hint=text, excerpt=text)]


def events_of(text: str) -> list[Event]:
    details = {
        "submitted": {"task_id": text},
        "waiting": {"reason": text},
        "failed": {"reason": text, "hint": text},
        "held": {"reason": text},
        "blocked": {"on": text},
        "succeeded": {"bytes": 4, "cost": None, "task_id": text, "warnings": (text,)},
    }
    return [Event(event, NOW, "walk", details=fields) for event, fields in details.items()]


def doubts_of(text: str) -> dict[str, Doubt]:
    held = recorded(text, cost=Money(Decimal(1), text))
    return {"held": Doubt(held, ("held",)), text: Doubt(replace(held, request_id=f"{text}2"), ())}


def graph_named(text: str) -> Graph:
    return Graph(
        text, [Node(text, "generate", pending=True), Node("b", text, pending=False)], [Edge(text, "b", text)]
    )


def difference_of(text: str) -> StoryDifference:
    """A difference in which the text is wherever a manifest can bring it."""
    before = storyboard(shot("changed", f"A {text} sleeps."), shot("gone", text))
    changed = replace(asking(text), name="changed", depends_on=(text,))
    after = storyboard(changed, asking(text), provider=text, sequence=(Segment(text),))
    return compare(before, replace(after, title=text, output=text))


def texts_for_people(text: str) -> dict[str, str]:
    """Every output that people read on a terminal or in a log, with the text in it."""
    plan = plan_of(text)
    board = storyboard(asking(text))
    moved = what_moved(plan_document(plan_of("calm")), plan_document(plan))
    return {
        "plan": plan_text(plan),
        "markdown": plan_markdown(plan),
        "validate": problems.as_text(problems_of(text)),
        "github": problems.as_github(problems_of(text)),
        "status": status_text(["changed", "failed", "held"], lock_of(text), (), "renders"),
        "recover": doubts_text(doubts_of(text)),
        "show": storyboard_text(board.shots),
        "graph": graph_text(graph_named(text)),
        "dot": graph_dot(graph_named(text)),
        "mermaid": graph_mermaid(graph_named(text)),
        "apply": "".join(f"10:00:00 walk: {event_words(event)}\n" for event in events_of(text)),
        "diff": difference_text(difference_of(text)),
        "moved": "".join(f"  {printable(line)}\n" for line in moved),
    }


def documents(text: str) -> dict[str, str]:
    """Every JSON document with the text in it."""
    board = storyboard(asking(text))
    return {
        "plan": plan_json(plan_of(text)),
        "problems": problems.as_json(problems_of(text)),
        "sarif": problems.as_sarif(problems_of(text)),
        "diff": difference_json(difference_of(text), text, text),
        "show": json_text(storyboard_document(board, board.shots)),
        "events": f"[{','.join(event_json(event) for event in events_of(text))}]",
    }


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_output_lets_a_text_act_on_the_terminal(text: str) -> None:
    for name, output in texts_for_people(text).items():
        assert acts_on_a_terminal(output) == [], name


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_output_lets_a_text_command_the_log(text: str) -> None:
    for name, output in texts_for_people(text).items():
        if name == "github":  # in which each line is a command of ours, whose text ends with it
            assert [line[:8] for line in obeyed_in_a_log(output)] == ["::error "]
        else:
            assert obeyed_in_a_log(harmless(output)) == [], name
    for name, output in documents(text).items():
        assert obeyed_in_a_log(output) == [], name


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_comment_has_nothing_in_it_but_what_a_plan_consists_of(text: str) -> None:
    assert acts_in_markdown(plan_markdown(plan_of(text))) == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_documents_say_what_was_written(text: str) -> None:
    plan = json.loads(documents(text)["plan"])

    assert plan["warnings"][0] == text
    assert json.loads(documents(text)["problems"])["problems"][0]["message"] == text
    assert json.loads(documents(text)["show"])["shots"][0]["prompt"] == f"A {text} plays."
    assert json.loads(documents(text)["events"])[1]["reason"] == text


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_text_in_a_drawing_stays_between_its_quotation_marks(text: str) -> None:
    dot, mermaid = graph_dot(graph_named(text)).splitlines(), graph_mermaid(graph_named(text)).splitlines()

    quotes = [line.replace("\\\\", "").replace('\\"', "").count('"') for line in dot]
    assert quotes == [2, 0, 0, 4, 4, 6, 0]
    assert len(mermaid) == 5
    assert [line.count('"') for line in mermaid] == [0, 0, 2, 2, 2]


# --- the functions ------------------------------------------------------------------------------------


def test_what_is_harmless_stays_as_it_is() -> None:
    text = "cat: 10:30, a::b, C++::x, # 1, a #tag [x]\n  狐狸: done\n"

    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "\\x3a:error::x"),
        ("  ::error::x", "  \\x3a:error::x"),
        ("ok\n::error::x\n", "ok\n\\x3a:error::x\n"),
        ("ok ##[error]x", "ok \\x23#[error]x"),
    ],
)
def test_a_workflow_command_is_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_what_goes_on_a_line_that_was_begun_is_no_command() -> None:
    assert harmless("::error::x\n::error::y", within_line=True) == "::error::x\n\\x3a:error::y"


def test_json_stays_json_of_the_same_meaning() -> None:
    document = {"a": "##[error]x", "b": ["\\##[", "#"]}

    assert "##[" not in json_text(document)
    assert json.loads(json_text(document)) == document


def test_bytes_of_a_file_name_that_are_no_text_are_still_json() -> None:
    found = problems_of("\udcff.yaml")

    assert json.loads(problems.as_json(found).encode())["problems"][0]["file"] == "\udcff.yaml"
    assert acts_on_a_terminal(problems.as_text(found)) == []


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_inert_text_is_shown_as_it_is(text: str) -> None:
    assert unescape(inert(text)) == printable(text)


def test_inert_text_reads_as_it_was_written() -> None:
    assert inert("狐狸, 35mm: 50% (dusk)") == "狐狸, 35mm&#58; 50% (dusk)"
    assert code("@a") == "<code>&#64;a</code>"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_printable_text_is_one_line_that_can_be_told_from_others(text: str) -> None:
    assert acts_on_a_terminal(printable(text)) == []
    assert "\n" not in printable(text)


def test_an_error_says_what_a_stranger_wrote() -> None:
    assert printable(str(CogvidError("bad\x1b[2J"))) == "bad\\x1b[2J"
