"""A text with conflict markers is taken apart into what either side wrote, or refused with the line."""

import json

import pytest

from cogvid_pipeline.state.conflict import Tangled, first_marker, sides

OURS = '{\n  "a": 1,\n  "b": 2,\n  "z": 9\n}\n'
THEIRS = '{\n  "a": 1,\n  "c": 3,\n  "z": 9\n}\n'


def conflict(*, style: str = "merge", size: int = 7, label: str = " HEAD", end: str = "\n") -> str:
    """The two texts above as git shows them."""
    base = ["|" * size + label, '  "old": 0,'] if style == "diff3" else []
    lines = [
        "{",
        '  "a": 1,',
        "<" * size + label,
        '  "b": 2,',
        *base,
        "=" * size,
        '  "c": 3,',
        ">" * size + label,
        '  "z": 9',
        "}",
        "",
    ]
    return end.join(lines)


def read(text: str) -> tuple[object, object]:
    ours, theirs = sides(text)
    return json.loads(ours.text), json.loads(theirs.text)


@pytest.mark.parametrize("style", ["merge", "diff3"])
@pytest.mark.parametrize("size", [1, 3, 7, 40])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_sides_are_read_whatever_the_markers_look_like(style: str, size: int, end: str) -> None:
    text = conflict(style=style, size=size, end=end)

    assert first_marker(text) == 3
    assert read(text) == (json.loads(OURS), json.loads(THEIRS))


@pytest.mark.parametrize("label", ["", " ", " feature/狐狸", " <<<<<<< =======", " a\rb\u2028c", " }{],"])
def test_a_label_may_hold_anything(label: str) -> None:
    assert read(conflict(style="diff3", label=label)) == (json.loads(OURS), json.loads(THEIRS))


def test_every_line_of_a_side_keeps_its_number() -> None:
    ours, theirs = sides(conflict())

    assert ours.text.splitlines()[3] == '  "b": 2,'
    assert theirs.text.splitlines()[5] == '  "c": 3,'
    assert len(ours.text.splitlines()) == len(theirs.text.splitlines()) == len(conflict().splitlines())


def test_where_the_markers_stood_is_known() -> None:
    ours, theirs = sides(conflict())

    for side in (ours, theirs):
        assert [side.text[:cut].count("\n") + 1 for cut in side.cuts] == [3, 5, 7]


def test_several_conflicts_and_text_after_the_last_are_read() -> None:
    text = "[\n<<<<<<< a\n1,\n=======\n2,\n>>>>>>> b\n0,\n<<<<<<< a\n=======\n5,\n>>>>>>> b\n7]"

    assert read(text) == ([1, 0, 7], [2, 0, 5, 7])


def test_the_conflicts_of_a_base_that_was_merged_itself_are_passed_over() -> None:
    inner = "<<<<<<<<< branch 1\n0\n|||||||||\n1\n=========\n2\n>>>>>>>>> branch 2\n"

    assert read(f"[\n<<<<<<< a\n1\n||||||| b\n{inner}=======\n2\n>>>>>>> c\n]") == ([1], [2])


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "p": "a <<<<<<< b",\n  "q": "=======",\n  "r": ">>>>>>> | x"\n}\n',
        '{\n  "p": "\u2028<<<<<<< not a line of its own\u2028=======\x85>>>>>>> x"\n}',
        "",
    ],
)
def test_what_only_looks_like_a_marker_is_none(text: str) -> None:
    assert first_marker(text) is None


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["<<<<<<< a", "<<<<<<< a", "1", "=======", "2", ">>>>>>> b"], 2),
        (["<<<<<<< a", "1", "=======", "2", "<<<<<<< a", "=======", ">>>>>>> b", ">>>>>>> b"], 5),
        (["<<<<<<< a", "1", "||||||| base", "<<<<<<< a", "=======", "2", ">>>>>>> b"], 4),
        (["<<<<<<< a", "1", ">>>>>>> b"], 3),
        (["<<<<<<< a", "1", "=======", "2", "=======", ">>>>>>> b"], 5),
        (["<<<<<<< a", "1", "=======", "2", "||||||| x", ">>>>>>> b"], 5),
        (["<<<<<<< a", "1", "========", "2", ">>>>>>> b"], 3),
        (["<<<<<<< a", "1", "=======", "2", ">>>>>> b"], 5),
        (["1", "=======", "2", ">>>>>>> b"], 2),
        (["1", ">>>>>>> b"], 2),
        (["1", "||||||| b"], 2),
        (["1", "<<<<<<< a", "2", "======="], 2),
        (["1", "<<<<<<< a", "2"], 2),
    ],
)
def test_markers_that_make_no_sense_are_an_error_with_its_line(lines: list[str], line: int) -> None:
    with pytest.raises(Tangled) as caught:
        sides("\n".join(lines))

    assert caught.value.line == line


def test_a_comma_that_is_missing_between_two_members_is_put_there() -> None:
    text = '{\n"a": {}\n<<<<<<< a\n=======\n,\n>>>>>>> b\n<<<<<<< a\n"b": {}\n=======\n"c": {}\n>>>>>>> b\n}'

    assert read(text) == ({"a": {}, "b": {}}, {"a": {}, "c": {}})


def test_a_comma_that_is_left_over_before_the_end_is_dropped() -> None:
    text = '{\n"a": {},\r\n<<<<<<< a\n=======\n"c": {}\n>>>>>>> b\n\n}'

    assert read(text) == ({"a": {}}, {"a": {}, "c": {}})


@pytest.mark.parametrize(
    "text",
    [
        '{\n"a": {}\n"b": {},\n<<<<<<< a\n"x": 1\n=======\n"x": 2\n>>>>>>> b\n}',
        '{\n<<<<<<< a\n"x": 1,\n=======\n"x": 2,\n>>>>>>> b\n"b": 0,\n}',
        '{\n"a": 1\n<<<<<<< a\n"x": 1\n=======\n"x": 2\n>>>>>>> b\n}',
    ],
)
def test_other_commas_stay_as_they_are(text: str) -> None:
    for side in sides(text):
        with pytest.raises(json.JSONDecodeError):
            json.loads(side.text)
