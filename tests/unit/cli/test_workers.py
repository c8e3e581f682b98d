"""Processes that work for a command, and end with it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cogvid_pipeline.cli.workers import Workers, processors
from cogvid_pipeline.errors import MediaError
from tests.project import PATIENCE


def process_id() -> int:
    return os.getpid()


def be_interrupted() -> str:
    os.kill(os.getpid(), signal.SIGINT)
    return "went on"


def fail() -> None:
    raise MediaError("no picture", hint="draw one")


def work_for_ever(begun: Path, tidied: Path) -> None:
    """Write the process's number to one file, and to another that it was left."""
    try:
        begun.with_suffix(".part").write_text(str(os.getpid()))
        begun.with_suffix(".part").rename(begun)
        while True:
            time.sleep(0.01)
    finally:
        tidied.touch()


def wait_for(path: Path) -> str:
    for _ in range(PATIENCE * 100):
        if path.exists():
            return path.read_text()
        time.sleep(0.01)
    raise AssertionError(f"{path.name} never came")


def is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_another_process_does_the_work() -> None:
    with Workers(1) as workers:
        assert workers.submit(process_id).result() != os.getpid()
    assert processors() >= 1


def test_an_expected_failure_arrives_with_its_hint() -> None:
    with Workers(1) as workers, pytest.raises(MediaError) as failure:
        workers.submit(fail).result()
    assert (str(failure.value), failure.value.hint) == ("no picture", "draw one")


def test_an_interruption_leaves_no_process_and_lets_it_tidy_up(tmp_path: Path) -> None:
    begun, tidied, waiting = tmp_path / "begun", tmp_path / "tidied", tmp_path / "waiting"

    with suppress(KeyboardInterrupt), Workers(1) as workers:
        workers.submit(work_for_ever, begun, tidied)
        workers.submit(work_for_ever, waiting, tmp_path / "never")
        process = int(wait_for(begun))
        raise KeyboardInterrupt

    assert tidied.exists()
    assert not waiting.exists()
    assert not is_alive(process)


def test_ctrl_c_is_for_the_command_alone() -> None:
    with Workers(1) as workers:
        assert workers.submit(be_interrupted).result() == "went on"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_a_command_that_is_killed_takes_its_processes_along(tmp_path: Path) -> None:
    script = tmp_path / "command.py"
    script.write_text(
        f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[3])]!r}
from pathlib import Path
from cogvid_pipeline.cli.workers import Workers
from test_workers import work_for_ever
if __name__ == "__main__":
    with Workers(1) as workers:
        workers.submit(work_for_ever, Path({str(tmp_path / "begun")!r}), Path("tidied")).result()
"""
    )
    command = subprocess.Popen([sys.executable, str(script)], cwd=tmp_path)
    process = int(wait_for(tmp_path / "begun"))

    command.kill()
    command.wait()

    for _ in range(PATIENCE * 100):
        if not is_alive(process):
            break
        time.sleep(0.01)
    assert not is_alive(process)
