"""What large manifests parse to is remembered, and never believed where it should not be."""

from pathlib import Path

import pytest

from cogvid_pipeline.manifest import memory
from cogvid_pipeline.manifest.load import Loaded, LoadOptions, load
from cogvid_pipeline.packaged import schemas_directory

HEADER = "version: 1\nprovider: preview\ndefaults: {model: cogvideox-3}\nshots:\n"


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WORTH_IT", 0)


def load_shots(root: Path, shots: str) -> Loaded:
    manifest = root / "cogvid.yaml"
    manifest.write_text(HEADER + shots)
    return load(manifest, schemas=schemas_directory(), options=LoadOptions(memory=root / "memory"))


def remembered(root: Path) -> list[Path]:
    return sorted((root / "memory").glob("*"))


def test_the_second_time_gives_the_same_storyboard(tmp_path: Path) -> None:
    shots = "  walk: {prompt: '走 {{ 1 + 1 }}', fps: 30.0, with_audio: true}\n"

    first = load_shots(tmp_path, shots)
    (kept,) = remembered(tmp_path)
    second = load_shots(tmp_path, shots)

    assert first.storyboard is not None
    assert first == second
    assert remembered(tmp_path) == [kept]


def test_what_is_remembered_is_what_is_used(tmp_path: Path) -> None:
    load_shots(tmp_path, "  walk: {prompt: One.}\n")
    (kept,) = remembered(tmp_path)
    kept.write_text(kept.read_text().replace("One.", "Another."))

    storyboard = load_shots(tmp_path, "  walk: {prompt: One.}\n").storyboard

    assert storyboard is not None
    assert storyboard.shots[0].prompt == "Another."


def test_a_changed_text_is_parsed_anew(tmp_path: Path) -> None:
    load_shots(tmp_path, "  walk: {prompt: One.}\n")

    storyboard = load_shots(tmp_path, "  walk: {prompt: Two.}\n").storyboard

    assert storyboard is not None
    assert storyboard.shots[0].prompt == "Two."


def test_mistakes_have_their_places_the_second_time_too(tmp_path: Path) -> None:
    shots = "  walk: {prompt: A walk., duration: 7}\n"

    first, second = load_shots(tmp_path, shots), load_shots(tmp_path, shots)

    assert len(remembered(tmp_path)) == 1
    assert first.problems == second.problems
    assert first.problems[0].location.line == 5


def test_a_text_with_mistakes_of_its_own_is_not_remembered(tmp_path: Path) -> None:
    for shots in ("  walk: {prompt: One., prompt: Two.}\n", "  walk: {prompt: 'open\n"):
        assert load_shots(tmp_path, shots).storyboard is None
        assert remembered(tmp_path) == []


def test_a_damaged_memory_is_no_memory(tmp_path: Path) -> None:
    load_shots(tmp_path, "  walk: {prompt: One.}\n")
    (kept,) = remembered(tmp_path)
    kept.write_bytes(b'{"version": ')

    assert load_shots(tmp_path, "  walk: {prompt: One.}\n").storyboard is not None


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "memory").write_text("a file where the directory would be")

    assert load_shots(tmp_path, "  walk: {prompt: One.}\n").storyboard is not None


def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    for number in range(memory.MOST_FILES + 3):
        load_shots(tmp_path, f"  walk: {{prompt: Walk {number}.}}\n")

    assert len(remembered(tmp_path)) == memory.MOST_FILES


def test_a_small_manifest_is_not_worth_remembering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WORTH_IT", 200_000)

    load_shots(tmp_path, "  walk: {prompt: One.}\n")

    assert not (tmp_path / "memory").exists()
