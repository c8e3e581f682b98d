"""The emulator as a process, and the command against it."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cogvid_pipeline.cli.wiring import VENDORS
from cogvid_pipeline.emulator.chaos import KNOBS
from tests.project import PATIENCE, Project

TWO_SHOTS = "  arrival: {prompt: A fox arrives.}\n  walk: {prompt: The fox walks on.}\n"


@pytest.fixture
def project(tmp_path):
    """A project that knows no vendor yet."""
    root = tmp_path / "film"
    root.mkdir()
    return Project(root)


@dataclass
class Emulator:
    """A running one; `ended` has its exit code, and what it said, once it has been stopped."""

    process: subprocess.Popen[str]
    exports: str
    ended: tuple[int, str, str] | None = None

    @property
    def environment(self):
        """What a shell has after it has evaluated what the emulator printed."""
        shell = subprocess.run(
            ["sh", "-c", 'eval "$1"; env', "sh", self.exports], capture_output=True, text=True, check=True
        )
        pairs = (line.partition("=") for line in shell.stdout.splitlines())
        return {name: value for name, _, value in pairs if name.startswith(("GEEKAI_", "BIGMODEL_", "ZAI_"))}

    @property
    def origin(self):
        return self.environment["ZAI_BASE_URL"].removesuffix("/zai/api/paas/v4")

    @property
    def audit(self):
        return httpx.get(f"{self.origin}/emulator/tasks").json()

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        self.ended = self.process.returncode, out, err


@contextmanager
def emulator(project, *arguments, **environment):
    project.env |= environment
    process = project.start("emulator", "--port", "0", "--scale", "0.05", *arguments)
    running = Emulator(process, "".join(process.stdout.readline() for _ in range(6)))
    project.env |= running.environment
    try:
        yield running
    finally:
        if running.ended is None:
            running.stop()
    code, out, err = running.ended
    assert (code, out) == (0, ""), err
    assert "Traceback" not in err, err


@pytest.mark.parametrize("provider", sorted(VENDORS))
def test_what_it_makes_is_recorded_as_an_emulators_and_never_passes_for_paid(project, provider):
    project.write(TWO_SHOTS, provider=provider)
    with emulator(project, "--seconds", "0") as vendor:
        ran = project.apply()
        audit = vendor.audit

    assert ran.code == 0, ran.err
    results = [entry["result"] for entry in project.lock.values()]
    assert {result["provider"] for result in results} == {"emulator"}
    assert {result["task_id"] for result in results} == {task["task_id"] for task in audit}
    assert {task["provider"] for task in audit} == {provider}
    assert set(project.plan().values()) == {"keep"}
    project.env.clear()
    assert set(project.plan().values()) == {"generate"}


@pytest.mark.parametrize("provider", sorted(VENDORS))
def test_while_the_environment_leads_to_it_a_killed_run_goes_on_and_a_finished_one_is_idle(project, provider):
    project.write(TWO_SHOTS, provider=provider)
    with emulator(project, "--seconds", "1") as vendor:
        killed = project.start("apply", "--yes", "--json")
        submitted = 0
        while submitted < 2:
            submitted += json.loads(killed.stdout.readline())["event"] == "submitted"
        killed.kill()
        killed.communicate(timeout=PATIENCE)
        again, idle = project.apply(), project.apply()
        audit = vendor.audit

    assert again.code == 0, again.err
    assert "Nothing to do" in idle.out
    results = [entry["result"] for entry in project.lock.values()]
    assert {result["provider"] for result in results} == {"emulator"}
    assert {result["task_id"] for result in results} == {task["task_id"] for task in audit}
    assert len(audit) == 2


def test_a_lost_answer_is_held_and_taken_in_by_the_id_that_the_audit_has(project):
    project.write("  arrival: {prompt: A fox arrives.}\n", provider="geekai")
    with emulator(project, "--seconds", "0", "--chaos", "lost-after=1") as vendor:
        held = project.apply()
        (task,) = vendor.audit
        adopted = project.run("recover", "--adopt", f"arrival={task['task_id']}")
        done = project.apply()
        vendor.stop()

    assert (held.code, adopted.code, done.code) == (5, 0, 0), done.err
    assert project.lock["arrival"]["result"]["task_id"] == task["task_id"]
    assert vendor.ended[2].splitlines()[-1] == "1 task accepted, 0 submissions refused, 1 answer lost"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_in_order_and_says_what_it_did(project, number, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with emulator(project, TMPDIR=str(temporary)) as vendor:
        url, key = vendor.environment["ZAI_BASE_URL"], vendor.environment["ZAI_API_KEY"]
        body = {"model": "cogvideox-3", "prompt": "A fox.", "size": "3840x2160", "duration": 10}
        httpx.post(f"{url}/videos/generations", json=body, headers={"Authorization": f"Bearer {key}"})
        assert list(temporary.iterdir())
        vendor.stop(number)

    assert vendor.ended[2].splitlines()[-1] == "1 task accepted, 0 submissions refused, 0 answers lost"
    assert not list(temporary.iterdir())


def test_a_client_that_goes_away_in_the_middle_of_a_request_is_no_error(project):
    with emulator(project) as vendor:
        host, port = vendor.origin.removeprefix("http://").split(":")
        head = "POST /zai/api/paas/v4/videos/generations HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        with socket.create_connection((host, int(port))) as line:
            line.sendall(head.encode() + b"{")
        assert vendor.audit == []


def test_chaos_is_repeatable_by_the_seed_that_it_says(project):
    with emulator(project, "--chaos", "refuse=0.5") as vendor:
        vendor.stop()

    first_line = vendor.ended[2].splitlines()[0]
    seed = first_line.partition("--seed ")[2].partition(";")[0]
    assert seed
    with emulator(project, "--chaos", "refuse=0.5", "--seed", seed) as again:
        again.stop()
    assert f"with chaos from --seed {seed};" in again.ended[2]


def test_a_key_of_ones_own_is_printed_so_that_a_shell_reads_it(project):
    with emulator(project, "--key", 'it\'s a "key" for $HOME') as vendor:
        url, key = vendor.environment["GEEKAI_BASE_URL"], vendor.environment["GEEKAI_API_KEY"]
        right, wrong = (
            httpx.get(f"{url}/videos/x", headers={"Authorization": f"Bearer {given}"}).status_code
            for given in (key, "other")
        )

    assert key == 'it\'s a "key" for $HOME'
    assert (right, wrong) == (404, 401)


def test_an_unknown_knob_is_refused_with_the_known_ones(project):
    ran = project.run("emulator", "--chaos", "cuts=0.2")

    assert ran.code == 64
    assert "there is no chaos 'cuts'" in ran.err
    assert all(knob in ran.err for knob in KNOBS)


@pytest.mark.parametrize("arguments", [["--host", "0.0.0.0"], ["--seconds", "nan"], ["--port", "70000"]])
def test_nonsense_is_refused_before_anything_is_served(project, arguments):
    ran = project.run("emulator", "--port", "0", *arguments)

    assert ran.code == 64
    assert not ran.out


def test_a_port_that_is_taken_is_said(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = project.run("emulator", "--port", str(taken.getsockname()[1]))

    assert ran.code == 1
    assert "cannot listen on 127.0.0.1 port" in ran.err
    assert "hint: use another --port" in ran.err


def test_it_can_listen_on_ipv6(project):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with emulator(project, "--host", "::1") as vendor:
        assert vendor.origin.startswith("http://[::1]:")
        assert vendor.audit == []


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_its_extra_it_says_what_to_install(missing):
    code = f"""\
import sys
sys.modules[{missing!r}] = None
from cogvid_pipeline.cli.main import main
main()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, "emulator"], capture_output=True, text=True, check=False, env=os.environ
    )

    assert ran.returncode == 1
    assert f"the emulator needs {missing}, which is not installed" in ran.stderr
    assert "pip install 'cogvid-pipeline[emulator]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_help_and_the_documentation_list_every_knob(project):
    page = Path(__file__).parents[2].joinpath("docs/emulator.md").read_text(encoding="utf-8")
    ran = project.run("emulator", "--help")

    assert ran.code == 0
    assert all(f"  {knob} " in ran.out and words in ran.out for knob, words in KNOBS.items())
    assert all(f"| `{knob}` | {words}" in page for knob, words in KNOBS.items())
