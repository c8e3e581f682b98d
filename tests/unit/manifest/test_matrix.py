"""Matrices: the shots that they make, their names, and how far they can grow."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogvid_pipeline.manifest.draft import prune
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.manifest.matrix import LONGEST_NAME, spell_out, word
from cogvid_pipeline.manifest.mistakes import Notes
from cogvid_pipeline.model.shot import Scalar
from cogvid_pipeline.packaged import schemas_directory
from cogvid_pipeline.state.lockformat import entry_data, read_entry
from tests.boards import attempt, locked, shot

HEADER = "version: 1\nprovider: preview\ndefaults: {model: cogvideox-3}\n"
VALUES = st.lists(
    st.text(max_size=8) | st.integers(-1000, 1000) | st.floats(-1e20, 1e20) | st.booleans(),
    min_size=1,
    max_size=3,
)


def loaded(tmp_path: Path, text: str) -> Loaded:
    manifest = tmp_path / "cogvid.yaml"
    manifest.write_text(HEADER + text)
    return load(manifest, schemas=schemas_directory(), options=LoadOptions())


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("dawn", "dawn"),
        ("Golden Hour", "golden-hour"),
        ("Café — été!", "cafe-ete"),
        ("v1.5", "v1-5"),
        ("snake_case", "snake_case"),
        ("../../etc", "etc"),
        ("ﬁlm", "film"),
        ("黎明", ""),
        ("…", ""),
        (24, "24"),
        (-3, "-3"),
        (35.5, "35.5"),
        (35.0, "35"),
        (1e21, "1e21"),
        (1e-7, "1e-07"),
        (True, "true"),
        (False, "false"),
    ],
)
def test_a_value_stands_in_a_name_as_a_readable_word(value: Scalar, written: str) -> None:
    assert word(value) == written


def test_a_matrix_makes_a_shot_of_each_combination_that_is_not_excluded(tmp_path: Path) -> None:
    board = loaded(
        tmp_path,
        """
shots:
  before: {prompt: Before.}
  skyline:
    matrix: {time: [dawn, dusk], weather: [clear, rain]}
    exclude: [{time: dawn, weather: rain}]
    prompt: "{{ matrix.time }}, {{ matrix.weather }}"
    duration: 10
    takes: 2
  after: {prompt: After.}
""",
    ).storyboard

    assert board is not None
    assert {shot.name: shot.prompt for shot in board.shots} == {
        "before": "Before.",
        "skyline.dawn-clear": "dawn, clear",
        "skyline.dusk-clear": "dusk, clear",
        "skyline.dusk-rain": "dusk, rain",
        "after": "After.",
    }
    assert [(shot.takes, shot.parameters.get("duration")) for shot in board.shots[1:4]] == [(2, 10)] * 3


def test_adding_a_value_renames_no_other_shot(tmp_path: Path) -> None:
    text = 'shots: {skyline: {matrix: {time: [%s], weather: [rain]}, prompt: "{{ matrix.time }}"}}\n'
    before = loaded(tmp_path, text % "dawn, dusk").storyboard
    after = loaded(tmp_path, text % "noon, dawn, night, dusk").storyboard

    assert before is not None
    assert after is not None
    assert {shot.name for shot in before.shots} < {shot.name for shot in after.shots}
    assert all(shot in after.shots for shot in before.shots)


def test_what_is_excluded_is_told_by_its_kind_too(tmp_path: Path) -> None:
    text = 'shots: {a: {matrix: {b: [1, true]}, exclude: [{b: 1.0}], prompt: "{{ matrix.b }}"}}\n'

    board = loaded(tmp_path, text).storyboard

    assert board is not None
    assert [shot.name for shot in board.shots] == ["a.true"]


def test_a_fragment_is_filled_in_for_each_shot_that_uses_it(tmp_path: Path) -> None:
    board = loaded(
        tmp_path,
        """
prompts:
  sky: "a {{ matrix.colour }} sky"
  look: "{{ prompts.sky }}, 35mm"
  either: "{% if matrix is defined %}{{ matrix.colour }}{% else %}grey{% endif %}"
shots:
  city: {matrix: {colour: [red, blue]}, prompt: "{{ prompts.look }}, {{ prompts.either }}"}
  walk: {prompt: "{{ prompts.either }}"}
""",
    ).storyboard

    assert board is not None
    assert [shot.prompt for shot in board.shots] == [
        "a red sky, 35mm, red",
        "a blue sky, 35mm, blue",
        "grey",
    ]


def test_a_fragment_that_wants_a_matrix_does_so_through_another_one_as_well(tmp_path: Path) -> None:
    problems = loaded(
        tmp_path,
        """
prompts: {sky: "{{ matrix.colour }}", look: "{{ prompts.sky }}"}
shots:
  walk: {prompt: "{{ prompts.look }}"}
""",
    ).problems

    assert [(problem.code, problem.pointer) for problem in problems] == [("CV302", "/shots/walk/prompt")]


@given(matrix=st.dictionaries(st.sampled_from("abc"), VALUES, min_size=1, max_size=3))
def test_any_matrix_makes_names_that_a_lock_takes_and_files_can_have_or_says_why_not(
    matrix: dict[str, list[Scalar]],
) -> None:
    notes = Notes()

    draft = spell_out(prune({"shots": {"skyline": {"matrix": matrix}}}, ()), notes)

    names = list(draft.cast)
    assert bool(notes.mistakes) is (names == ["skyline"])
    for name in names:
        assert len(name) <= LONGEST_NAME
        entry = locked(a=attempt(shot("a"))).entries["a"]
        assert read_entry(f"{name}@100", entry_data(name, entry, "renders")).result
        assert "/" not in name
        assert name == name.lower()


def test_a_great_matrix_is_refused_before_it_is_made() -> None:
    notes = Notes()
    values = list(range(400))

    draft = spell_out(
        prune({"shots": {"a": {"matrix": dict.fromkeys("abcdefgh", values), "takes": 100}}}, ()), notes
    )

    assert [mistake.code for mistake in notes.mistakes] == ["CV420"]
    assert draft.cast == ("a",)


def test_many_matrices_are_refused_together_and_once() -> None:
    notes = Notes()
    one = {"matrix": {"a": list(range(1000))}}

    draft = spell_out(prune({"shots": {f"s{number}": one for number in range(200)}}, ()), notes)

    assert [(mistake.code, mistake.path) for mistake in notes.mistakes] == [
        ("CV420", ("shots", "s10", "matrix"))
    ]
    assert len(draft.cast) == 10_000 + 190


def test_takes_count_as_clips() -> None:
    notes = Notes()

    spell_out(prune({"shots": {f"s{number}": {"takes": 100} for number in range(101)}}, ()), notes)

    assert [mistake.path for mistake in notes.mistakes] == [("shots", "s100", "takes")]
