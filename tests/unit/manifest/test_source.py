"""YAML to data and places, where the cases in tests/cases cannot show them."""

from typing import Any

import pytest

from cogvid_pipeline.manifest import source
from cogvid_pipeline.manifest.document import Document
from cogvid_pipeline.manifest.mistakes import Mistake, Path
from cogvid_pipeline.manifest.scalars import UnusableNumber, plain
from cogvid_pipeline.manifest.source import MAX_PROBLEMS, read
from cogvid_pipeline.manifest.text import Text
from cogvid_pipeline.model.problem import Problem


def parsed(content: str) -> Document:
    document, problems = read(Text("a.yaml", content))
    assert document is not None
    assert problems == []
    return document


def place(document: Document, *path: str | int, at_key: bool = False) -> tuple[int, int]:
    location = document.problem(Mistake("", "", path, at_key=at_key)).location
    return location.line, location.column


def problems(content: str) -> list[Problem]:
    return read(Text("a.yaml", content))[1]


def codes(content: str) -> list[tuple[str, int, int]]:
    return [(each.code, each.location.line, each.location.column) for each in problems(content)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("off", "off"),
        ("12", 12),
        ("-0", 0),
        ("+7", 7),
        ("010", 10),
        ("0o10", 8),
        ("0xfF", 255),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("12e03", 12_000.0),
        ("-2.5", -2.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("+", "+"),
        ("-", "-"),
        (".", "."),
        ("...", "..."),
        ("1.2.3", "1.2.3"),
        ("2026-11-22", "2026-11-22"),
        ("0x", "0x"),
        ("0o8", "0o8"),
        ("<<", "<<"),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_an_unquoted_word_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        ".inf",
        "-.INF",
        "+.Inf",
        ".nan",
        ".NaN",
        "9223372036854775808",
        "-" + "9" * 5_000,
        "1e400",
        "0x1" + "0" * 99,
    ],
)
def test_a_number_that_json_cannot_carry_is_refused(text: str) -> None:
    with pytest.raises(UnusableNumber):
        plain(text)


def test_keys_and_values_have_places_of_their_own() -> None:
    document = parsed("a: 1\nb:\n  - x\n  - c: 2\n    d: 夜市\n")

    assert place(document, "a") == (1, 4)
    assert place(document, "b") == (3, 3)
    assert place(document, "b", at_key=True) == (2, 1)
    assert place(document, "b", 0) == (3, 5)
    assert place(document, "b", 1, "d") == (5, 8)
    assert place(document, "b", 1, "d", at_key=True) == (5, 5)


@pytest.mark.parametrize("path", [("b",), ("a", "x"), ("a", 7), ("a", "b", "c")])
def test_what_is_not_there_stands_at_its_nearest_parent(path: Path) -> None:
    document = parsed("# shots\na: [1]\n")

    assert place(document, *path) == ((2, 1) if path[0] == "b" else (2, 4))


def test_lines_are_counted_as_editors_count_them() -> None:
    document = parsed('a: "x\u2028y\x85z\u2029"\r\nb: 1\rc: 2\nd: 3\r\n\r\ne: 4')

    assert [place(document, key)[0] for key in "abcde"] == [1, 2, 3, 4, 6]
    assert document.problem(Mistake("", "", ("e",))).excerpt == "e: 4"


def test_columns_are_counted_in_code_points() -> None:
    assert place(parsed("{夜市🦊: 1, b: 2}"), "b") == (1, 13)


def test_merged_keys_are_found_where_they_were_written() -> None:
    document = parsed("x: &x\n  a: 1\n  b: 2\ny:\n  <<: *x\n  b: 3\n  c: 4\n")

    assert document.data["y"] == {"a": 1, "b": 3, "c": 4}
    assert place(document, "y", "a") == (2, 6)
    assert place(document, "y", "b") == (6, 6)
    assert place(document, "y", "c", at_key=True) == (7, 3)


def test_of_several_merges_the_first_wins_whatever_their_order_around_own_keys() -> None:
    document = parsed("x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {b: 3, <<: [*x, *y]}\nw: {<<: *y, <<: *x}\n")

    assert document.data["z"] == {"a": 1, "b": 3}
    assert document.data["w"] == {"a": 2, "b": 2}
    assert place(document, "z", "a") == (1, 11)


def test_a_merge_may_be_written_in_place() -> None:
    assert parsed("a: {<<: {b: 1}, c: 2}").data == {"a": {"b": 1, "c": 2}}


def test_a_quoted_merge_sign_is_a_key() -> None:
    assert parsed("'<<': 1").data == {"<<": 1}


def test_an_aliased_value_is_found_where_it_was_written() -> None:
    document = parsed("x: &x [1, 2]\ny: *x\n")

    assert place(document, "y") == (1, 4)
    assert place(document, "y", 1) == (1, 11)


def test_an_anchor_may_be_set_again() -> None:
    assert parsed("[&x 1, *x, &x 2, *x]").data == [1, 1, 2, 2]


def test_an_alias_may_be_a_key() -> None:
    assert parsed("{&x a: 1, b: {*x : 2}}").data == {"a": 1, "b": {"a": 2}}


def test_every_mistake_is_found_and_the_rest_is_usable() -> None:
    content = "a: 1\na: 2\nb: !x 3\nc: .inf\n1: 4\n? [x]\n: 5\nd: *e\nf: 6\n"

    document, found = read(Text("a.yaml", content))

    assert document is not None
    assert document.data == {"a": 1, "b": 3, "c": 0, "1": 4, "": 5, "d": "", "f": 6}
    assert [each.code for each in found] == ["CV103", "CV112", "CV113", "CV113", "CV104", "CV102"]


def test_two_thousand_mistakes_end_the_reading() -> None:
    document, found = read(Text("a.yaml", "a: 1\n" + "b: .inf\n" * 2_000))

    assert document is None
    assert len(found) == MAX_PROBLEMS


def test_values_may_be_many_but_not_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_VALUES", 1_000)

    assert codes("[" + "1," * 1_000 + "]") == []
    assert [code for code, _, _ in codes("[" + "1," * 1_001 + "]")] == ["CV107"]
    assert [code for code, _, _ in codes("[" + "{a: 1}," * 501 + "]")] == ["CV107"]


def test_a_block_of_settings_may_be_shared_by_thousands_of_shots() -> None:
    shots = "".join(f"  shot-{number}:\n    <<: *base\n" for number in range(5_000))

    document = parsed(f"x-base: &base {{prompt: {'A fox walks on. ' * 10}}}\nshots:\n{shots}")

    assert len(document.data["shots"]) == 5_000


def test_a_long_text_may_not_be_multiplied_by_aliases() -> None:
    content = f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 1_000}]\n"

    assert [code for code, _, _ in codes(content)] == ["CV107"]


def test_64_levels_are_deep_enough() -> None:
    assert codes("[" * 64 + "]" * 64) == []
    assert codes("[" * 65 + "]" * 65) == [("CV106", 1, 65)]


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
def test_what_is_too_deep_for_the_parser_itself_is_called_too_deep(opening: str) -> None:
    (problem,) = problems(f"a:\n {opening * 5_000}")

    assert (problem.code, problem.message) == ("CV106", "this is nested more than 64 levels deep")


def test_an_empty_text_has_no_data() -> None:
    assert parsed("").data is None
    assert parsed("---\n...\n").data is None


def test_a_syntax_error_stands_beside_earlier_mistakes_but_not_those_of_its_line() -> None:
    assert codes("a: .inf\nb: *x: 1\n") == [("CV112", 1, 4), ("CV101", 2, 6)]


def test_what_cannot_be_explained_is_still_refused() -> None:
    (problem,) = problems("a: !<x y\n")

    assert (problem.code, problem.message) == ("CV101", "this is not YAML")


def test_a_snippet_is_looked_for_inside_the_tags_of_a_template() -> None:
    document = parsed('a: |\n  fox sees\n  {{ fox }}\nb: "x"\n')

    def at(snippet: str, key: str) -> tuple[int, int]:
        location = document.problem(Mistake("", "", (key,), snippet=snippet)).location
        return location.line, location.column

    assert at("fox", "a") == (3, 6)
    assert at("hen", "a") == (1, 4)
    assert at("hen", "b") == (4, 4)


def test_a_long_line_is_kept_once_for_all_its_problems() -> None:
    first, second = problems("{a: 1, a: 2, b: 1, b: 2}")

    assert first.excerpt is second.excerpt
