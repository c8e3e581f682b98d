"""What is written, bought or recorded is told to whoever observes it, and to nobody else."""

import pytest

from cogvid_pipeline import effects
from cogvid_pipeline.durable import make_directory_durably, replace_durably
from cogvid_pipeline.effects import reached


@pytest.fixture
def seen(monkeypatch):
    found = []
    monkeypatch.setattr(effects, "observers", [lambda *effect: found.append(effect)])
    return found


def test_nobody_observes_in_normal_use():
    assert effects.observers == []


def test_an_observer_is_told_what_happened_and_to_what(seen, tmp_path):
    reached("renamed", tmp_path)

    assert seen == [("renamed", str(tmp_path))]


def test_each_step_of_a_durable_write_is_told_when_it_is_done(seen, tmp_path):
    path = tmp_path / "cogvid.lock"

    replace_durably(path, b"new")

    assert [effect for effect, _ in seen] == ["written", "synced", "renamed", "synced"]
    assert [what for _, what in seen[2:]] == [str(path), str(tmp_path)]


def test_a_directory_is_told_when_it_is_made_and_when_its_name_is_safe(seen, tmp_path):
    make_directory_durably(tmp_path / "clips")

    assert seen == [("made", str(tmp_path / "clips")), ("synced", str(tmp_path))]
