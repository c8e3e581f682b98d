"""What depends on what, in three languages."""

from dataclasses import replace

from cogvid_pipeline.model.shot import ShotFrame
from cogvid_pipeline.report.graph import graph_dot, graph_mermaid, graph_of, graph_text
from tests.boards import attempt, locked, plan_for, shot, storyboard

CAT, NAP = shot("cat"), shot("nap", "It naps.", after="cat")
MIX = replace(shot("mix", "They mix."), images=(ShotFrame("cat", "first"), ShotFrame("nap", 2.5)))
LOOP = replace(shot("loop", "Round."), images=(ShotFrame("cat", "last"), ShotFrame("cat", "first")))
LOCK = locked(cat=attempt(CAT), former=attempt(shot("former", "Gone.")))
GRAPH = graph_of(plan_for(storyboard(CAT, NAP, MIX, LOOP), LOCK))


def test_as_text_each_shot_says_what_it_is_made_from() -> None:
    assert graph_text(GRAPH) == (
        "cat   keep\n"
        "nap   generate    ← cat (last frame)\n"
        "mix   generate    ← cat (first frame), nap (frame at 2.5 s)\n"
        "loop  generate    ← cat (last frame, first frame)\n"
    )


def test_for_graphviz_what_is_to_be_done_has_a_bold_frame() -> None:
    assert graph_dot(GRAPH).splitlines() == [
        'digraph "test" {',
        "  rankdir=LR;",
        "  node [shape=box];",
        '  "cat" [label="cat\\nkeep"];',
        '  "nap" [label="nap\\ngenerate", style=bold];',
        '  "mix" [label="mix\\ngenerate", style=bold];',
        '  "loop" [label="loop\\ngenerate", style=bold];',
        '  "cat" -> "nap" [label="last frame"];',
        '  "cat" -> "mix" [label="first frame"];',
        '  "nap" -> "mix" [label="frame at 2.5 s"];',
        '  "cat" -> "loop" [label="last frame, first frame"];',
        "}",
    ]


def test_for_mermaid_shots_are_known_by_their_place() -> None:
    assert graph_mermaid(GRAPH).splitlines() == [
        "flowchart LR",
        "  classDef pending stroke-width:3px",
        '  n0["cat<br>keep"]',
        '  n1["nap<br>generate"]:::pending',
        '  n2["mix<br>generate"]:::pending',
        '  n3["loop<br>generate"]:::pending',
        '  n0 -->|"last frame"| n1',
        '  n0 -->|"first frame"| n2',
        '  n1 -->|"frame at 2.5 s"| n2',
        '  n0 -->|"last frame, first frame"| n3',
    ]


def test_takes_matrices_and_order_are_drawn() -> None:
    dance = replace(shot("dance", "It dances."), takes=2)
    bow = replace(
        shot("bow", "It bows."), images=(ShotFrame("dance", "last", take=2),), depends_on=("sky", "dance")
    )
    board = storyboard(dance, shot("sky.dawn", "Dawn."), shot("sky.dusk", "Dusk."), bow)

    assert graph_text(graph_of(plan_for(board))).splitlines()[-1] == (
        "bow       generate    ← dance@2 (last frame), sky.dawn (comes first), "
        "sky.dusk (comes first), dance (comes first)"
    )


def test_a_story_without_shots_is_an_empty_graph() -> None:
    empty = graph_of(plan_for(storyboard()))

    assert graph_text(empty) == ""
    assert graph_dot(empty).splitlines()[-1] == "}"
