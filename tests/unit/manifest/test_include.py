"""Includes: which files are read, in which order, and what patterns and directories cannot be made to do."""

import os
from pathlib import Path

import pytest

from cogvid_pipeline.manifest import globs, include, memory
from cogvid_pipeline.manifest.globs import Globs, LeadsOut
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.packaged import schemas_directory

HEADER = "version: 1\nprovider: preview\ndefaults: {model: cogvideox-3}\n"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two acts, which is the current one."""
    directory = tmp_path / "film"
    (directory / "acts").mkdir(parents=True)
    monkeypatch.chdir(directory)
    act("acts/2.yaml", "second")
    act("acts/1.yaml", "first")
    return directory


def act(path: str, *shots: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    lines = [f"  {shot}: {{prompt: The {shot} shot.}}\n" for shot in shots]
    Path(path).write_text("shots:\n" + "".join(lines))


def loaded(*patterns: str, more: str = "", options: LoadOptions | None = None) -> Loaded:
    names = "".join(f"  - '{pattern}'\n" for pattern in patterns)
    Path("cogvid.yaml").write_text(f"{HEADER}include:\n{names}{more}")
    return load(Path("cogvid.yaml"), schemas=schemas_directory(), options=options or LoadOptions())


def shots(result: Loaded) -> list[str]:
    assert result.storyboard is not None, result.problems
    return [shot.name for shot in result.storyboard.shots]


def said(result: Loaded) -> list[str]:
    return [f"{problem.location}: {problem.message}" for problem in result.problems]


def test_the_files_of_a_pattern_are_sorted_and_come_before_the_manifests_own_shots() -> None:
    assert shots(loaded("acts/*.yaml", more="shots: {last: {prompt: The last shot.}}\n")) == [
        "first",
        "second",
        "last",
    ]


def test_patterns_keep_the_order_in_which_they_are_written() -> None:
    act("prologue.yaml", "prologue")

    assert shots(loaded("prologue.yaml", "acts/2.yaml", "acts/1.yaml")) == ["prologue", "second", "first"]


def test_a_file_that_several_patterns_match_is_read_once() -> None:
    Path("acts/3.yaml").symlink_to("1.yaml")

    assert shots(loaded("acts/2.yaml", "acts/*.yaml", "**/*.yaml")) == ["second", "first"]


def test_two_asterisks_stand_for_any_directories() -> None:
    act("acts/night/late/3.yaml", "late")
    act("acts/.hidden/4.yaml", "hidden")
    act("acts/.5.yaml", "dotted")

    assert shots(loaded("acts/**/*.yaml")) == ["first", "second", "late"]


def test_a_pattern_that_matches_the_manifest_leaves_it_out() -> None:
    act("one.yaml", "one")

    assert shots(loaded("*.yaml")) == ["one"]


def test_paths_of_an_included_file_are_relative_to_the_manifest() -> None:
    lantern = Path(__file__).parents[2] / "cases" / "shared" / "frames" / "lantern.png"
    Path("lantern.png").write_bytes(lantern.read_bytes())
    Path("acts/3.yaml").write_text("shots: {third: {image: lantern.png}}\n")

    assert shots(loaded("acts/3.yaml")) == ["third"]


def test_variables_of_the_manifest_win_over_included_ones_and_those_are_given_once() -> None:
    Path("acts/1.yaml").write_text(
        "vars: {hero: a hen, place: Rome}\nshots: {first: {prompt: '{{ hero }}, {{ place }}'}}\n"
    )
    result = loaded("acts/1.yaml", more="vars: {hero: a fox}\n")
    assert result.storyboard is not None
    assert result.storyboard.shots[0].prompt == "a fox, Rome"

    Path("acts/2.yaml").write_text("vars: {place: Paris}\n")
    assert said(loaded("acts/*.yaml")) == [
        "acts/2.yaml:1:8: `place` is given twice; the first is at acts/1.yaml:1:21"
    ]


def test_places_begin_with_the_path_by_which_the_manifest_is_named(root: Path) -> None:
    Path("acts/1.yaml").write_text("shots: {first: {fps: 7}}\n")
    loaded("acts/1.yaml")
    manifest = root / "cogvid.yaml"

    result = load(manifest, schemas=schemas_directory(), options=LoadOptions())

    assert str(root / "acts" / "1.yaml") in {problem.location.file for problem in result.problems}


def test_links_within_the_directory_are_followed_and_others_are_not(root: Path) -> None:
    (root.parent / "secret.yaml").write_text("shots: {secret: {prompt: A secret.}}\n")
    Path("acts/3.yaml").symlink_to(root.parent / "secret.yaml")
    Path("outside").symlink_to("..")
    Path("scenes").symlink_to("acts")

    assert shots(loaded("scenes/[12].yaml")) == ["first", "second"]
    assert said(loaded("acts/*.yaml")) == [
        "cogvid.yaml:5:5: acts/3.yaml leads out of the manifest's directory"
    ]
    assert said(loaded("outside/../secret.yaml")) == [
        "cogvid.yaml:5:5: outside/../secret.yaml lies outside the manifest's directory"
    ]
    assert said(loaded("outside/*.yaml", "outside/secret.yaml")) == [
        "cogvid.yaml:5:5: outside leads out of the manifest's directory",
        "cogvid.yaml:6:5: outside/secret.yaml leads out of the manifest's directory",
    ]


def test_links_that_go_round_in_circles_end() -> None:
    Path("acts/again").symlink_to(".")
    Path("acts/loop.yaml").symlink_to("loop.yaml")

    assert shots(loaded("acts/again/again/**/[12].yaml")) == ["first", "second"]
    (problem,) = said(loaded("acts/**/*.yaml"))
    assert problem.startswith("cogvid.yaml:5:5: cannot read acts/loop.yaml: ")


def test_what_is_no_ordinary_file_is_not_waited_for() -> None:
    os.mkfifo("acts/3.yaml")

    assert said(loaded("acts/*.yaml")) == ["cogvid.yaml:5:5: acts/3.yaml is not a file"]


def test_a_file_that_may_not_be_read_is_a_problem_of_the_include() -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    Path("acts/1.yaml").chmod(0)

    assert said(loaded("acts/*.yaml")) == ["cogvid.yaml:5:5: cannot read acts/1.yaml: Permission denied"]


def test_what_lies_in_a_file_that_cannot_be_read_may_be_anything() -> None:
    Path("acts/1.yaml").write_text("shots: [\n")
    more = "shots: {walk: {prompt: '{{ hero }}', image: {shot: first, frame: last}}}\n"

    (problem,) = said(loaded("acts/*.yaml", more=more))

    assert problem.startswith("acts/1.yaml:")


def test_files_are_counted_and_weighed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(include, "MOST_FILES", 1)
    assert said(loaded("acts/*.yaml", "nothing.yaml")) == ["cogvid.yaml:5:5: this includes more than 1 files"]
    monkeypatch.setattr(include, "MOST_FILES", 10)
    monkeypatch.setattr(include, "MAX_BYTES", 60)
    assert said(loaded("acts/*.yaml")) == [
        "cogvid.yaml:5:5: the included files have more than 60 bytes together"
    ]


def test_the_values_of_all_files_are_counted_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "WORTH_IT", 0)  # however often they are read
    options = LoadOptions(memory=tmp_path / "memory")
    assert shots(loaded("acts/*.yaml", options=options)) == ["first", "second"]

    monkeypatch.setattr(include, "MAX_VALUES", 5)  # each act has three: `shots`, the shot and its prompt

    assert said(loaded("acts/*.yaml", options=options)) == [
        "cogvid.yaml:5:5: the included files have more than 5 values together"
    ]


def test_a_search_through_everything_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(globs, "MOST_ENTRIES", 2)

    assert said(loaded("**/*.yaml", "acts/1.yaml")) == [
        "cogvid.yaml:5:5: there is too much to look through for **/*.yaml"
    ]


def test_many_asterisks_look_at_each_directory_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        act(f"acts/{number}/{number}/x.yaml", f"shot-{number}")
    monkeypatch.setattr(globs, "MOST_ENTRIES", 1_000)

    assert len(Globs(Path()).matches("**/**/**/**/**/**/**/**/**/x.yaml")) == 20


def test_a_name_of_strange_characters_is_matched_and_shown_harmlessly() -> None:
    act("acts/\x1b[31m.yaml", "red")
    act("acts/[x].yaml", "bracket")

    assert shots(loaded("acts/[[]x].yaml")) == ["bracket"]
    assert "red" in shots(loaded("acts/*.yaml"))


def test_a_directory_on_the_way_that_leads_out_is_told(tmp_path: Path) -> None:
    Path("away").symlink_to(tmp_path)

    with pytest.raises(LeadsOut, match="away"):
        Globs(Path()).matches("away/**/*.yaml")
