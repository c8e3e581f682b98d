"""What is there of each shot, as a table."""

from dataclasses import replace

from cogvid_pipeline.model.attempt import Lock, LockEntry, State
from cogvid_pipeline.report.status import status_text
from tests.attempts import make_attempt, make_unfinished


def test_each_state_of_a_shot_has_its_line_in_the_storys_order() -> None:
    clip = make_attempt().clip
    assert clip is not None
    loud = make_attempt(clip=replace(clip, audio=True, fps=29.97, duration=4.96, bytes=3_100_000))
    lock = Lock(
        {
            "walk": LockEntry(make_attempt()),
            "loud": LockEntry(loud),
            "lost": LockEntry(make_attempt(provider="preview")),
            "again": LockEntry(make_attempt(), make_unfinished("new")),
            "sent": LockEntry(None, make_unfinished("sent")),
            "failed": LockEntry(None, make_unfinished("bad", State.FAILED, error="unsafe\x1b")),
            "held": LockEntry(None, make_unfinished("doubt", State.HELD, task_id="t\x1b", error="lost")),
            "former@2": LockEntry(make_attempt()),
            "ancient": LockEntry(make_attempt()),
        }
    )
    names = ["walk", "loud", "lost", "again", "sent", "failed", "held", "new"]

    assert status_text(names, lock, {"lost"}, "renders") == (
        "walk      succeeded            renders/walk.mp4  1920x1080, 30 fps, 5 s, 1 kB  geekai\n"
        "loud      succeeded            renders/loud.mp4  "
        "1920x1080, 29.97 fps, 4.96 s, sound, 3.1 MB  geekai\n"
        "lost      succeeded            file missing; apply brings it back  "
        "1920x1080, 30 fps, 5 s, 1 kB  preview\n"
        "again     submitted            renders/again.mp4  1920x1080, 30 fps, 5 s, 1 kB  geekai  "
        "task task-new at geekai\n"
        "sent      submitted            task task-sent at geekai\n"
        "failed    failed               geekai: unsafe\\x1b\n"
        "held      held                 task t\\x1b at geekai: lost\n"
        "new       not generated\n"
        "ancient   not in the manifest\n"
        "former@2  not in the manifest\n"
    )


def test_no_shots_are_no_text() -> None:
    assert status_text([], Lock(), (), "renders") == ""
