"""Problems in the formats of `validate`."""

import json

import pytest
from jsonschema import Draft7Validator

from cogvid_pipeline.model.problem import Location, Problem
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.report.problems import as_github, as_json, as_sarif, as_text

INTRO = Problem(
    code="CV203",
    message="7 is not a duration of cogvideox-3",
    location=Location("reel.yaml", 12, 15),
    pointer="/shots/intro/duration",
    hint="5 or 10 seconds",
    excerpt="    duration: 7",
)
TWINS = Problem(
    code="CV417",
    message="b asks for the same as a",
    location=Location("reel.yaml", 20, 3),
    pointer="/shots/b",
    severity="warning",
)


def pointed(excerpt: str, column: int) -> list[str]:
    """The source line and the caret below it."""
    problem = Problem("CV101", "wrong", Location("a.yaml", 3, column), excerpt=excerpt)
    return as_text([problem]).splitlines()[1:3]


def test_a_problem_looks_as_in_the_house_style() -> None:
    assert as_text([INTRO]) == (
        "reel.yaml:12:15: shots.intro.duration: 7 is not a duration of cogvideox-3 [CV203]\n"
        "   12 |     duration: 7\n"
        "      |               ^\n"
        " hint: 5 or 10 seconds\n"
        "1 error\n"
    )


def test_warnings_are_named_and_counted_apart() -> None:
    text = as_text([INTRO, INTRO, TWINS])

    assert "reel.yaml:20:3: warning: shots.b: b asks for the same as a [CV417]\n" in text
    assert text.endswith("2 errors, 1 warning\n")
    assert as_text([TWINS]).endswith("\n1 warning\n")


def test_no_problems_are_no_text() -> None:
    assert as_text([]) == ""
    assert as_github([]) == ""


@pytest.mark.parametrize(
    ("before", "columns"),
    [
        ("a: ", 3),
        ("a: 夜市", 7),
        ("a: e\u0301", 4),
        ("\ta: ", 7),
        ("a: 🦊", 5),
        ("a: 👩\u200d🚀", 7),
        ("\x1b[1m", 7),
    ],
)
def test_the_caret_stands_below_its_character(before: str, columns: int) -> None:
    line, caret = pointed(f"{before}!", len(before) + 1)

    assert line.endswith("!")
    assert caret == "      | " + " " * columns + "^"


def test_a_long_line_is_cut_around_the_place() -> None:
    line, caret = pointed("x" * 500 + "!" + "y" * 500, 501)

    assert line == "    3 | …" + "x" * 80 + "!" + "y" * 79 + "…"
    assert line[caret.index("^")] == "!"


def test_the_end_of_a_line_can_be_pointed_at() -> None:
    assert pointed("a:", 3) == ["    3 | a:", "      |   ^"]


def test_escapes_cannot_act_on_the_terminal() -> None:
    evil = "\x1b[2J\u202e\n::error::x"
    problem = Problem("CV101", evil, Location(f"{evil}.yaml", 1, 1), f"/{evil}", evil, evil)

    for text in (as_text([problem]), as_github([problem])):
        assert not set("\x1b\u202e\r").intersection(text)
    assert len(as_text([problem]).splitlines()) == 5
    assert len(as_github([problem]).splitlines()) == 1


def test_a_long_path_is_cut() -> None:
    problem = Problem("CV106", "deep", Location("a.yaml", 1, 1), "/a" * 500)

    assert len(as_text([problem]).splitlines()[0]) < 120


def test_json_has_every_field_and_fits_its_schema() -> None:
    document = json.loads(as_json([INTRO, TWINS]))

    schema = json.loads((schemas_directory() / "problems.schema.json").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(document)
    assert document == {
        "format_version": "1.0",
        "valid": False,
        "problems": [
            {
                "file": "reel.yaml",
                "line": 12,
                "column": 15,
                "pointer": "/shots/intro/duration",
                "severity": "error",
                "code": "CV203",
                "message": "7 is not a duration of cogvideox-3",
                "hint": "5 or 10 seconds",
            },
            {
                "file": "reel.yaml",
                "line": 20,
                "column": 3,
                "pointer": "/shots/b",
                "severity": "warning",
                "code": "CV417",
                "message": "b asks for the same as a",
                "hint": "",
            },
        ],
    }


def test_a_manifest_with_warnings_alone_is_valid() -> None:
    assert json.loads(as_json([TWINS]))["valid"] is True
    assert json.loads(as_json([]))["valid"] is True


def test_a_file_name_that_is_no_text_still_makes_json() -> None:
    problem = Problem("CV101", "wrong", Location("caf\udce9.yaml", 1, 1))

    assert json.loads(as_json([problem]).encode("utf-8"))["problems"][0]["file"] == "caf\udce9.yaml"
    assert "caf%E9.yaml" in as_sarif([problem])


def test_github_gets_one_escaped_line_for_each() -> None:
    problem = Problem("CV101", "50% of, it:\nis", Location("a,b:c%.yaml", 2, 4), hint="write\r\nmore")

    assert as_github([problem, TWINS]) == (
        "::error file=a%2Cb%3Ac%25.yaml,line=2,col=4,title=CV101::50%25 of, it:%0Ais (write%0D%0Amore)\n"
        "::warning file=reel.yaml,line=20,col=3,title=CV417::b asks for the same as a\n"
    )


def test_sarif_names_each_rule_once_and_places_each_result() -> None:
    log = json.loads(as_sarif([INTRO, TWINS, INTRO]))

    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["CV203", "CV417"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 0]
    assert run["results"][1]["level"] == "warning"
    assert run["results"][0]["message"]["text"] == "7 is not a duration of cogvideox-3\n5 or 10 seconds"
    assert run["results"][0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "reel.yaml"},
                "region": {"startLine": 12, "startColumn": 15},
            }
        }
    ]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("acts/one.yaml", "acts/one.yaml"),
        ("acts\\one.yaml", "acts/one.yaml"),
        ("夜 market#1.yaml", "%E5%A4%9C%20market%231.yaml"),
        ("/films/a b.yaml", "file:///films/a%20b.yaml"),
    ],
)
def test_sarif_has_percent_encoded_uris(file: str, uri: str) -> None:
    log = json.loads(as_sarif([Problem("CV101", "wrong", Location(file, 1, 1))]))

    location = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == uri
