"""BigModel and Z.AI: an answer that was lost is asked for again, and nothing is paid twice."""

import io
import signal
import sqlite3
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.project import Project
from tests.vendor import Accept, Cut, Hang, Reply, Vendor, error

CAT = "  cat: {prompt: A cat plays.}\n"
CHAIN = CAT + "  nap: {prompt: It falls asleep., image: {shot: cat, frame: last}}\n"


@pytest.fixture
def vendor(request: pytest.FixtureRequest) -> Iterator[Vendor]:
    with Vendor(protocol=getattr(request, "param", "bigmodel"), result_by_request_id=True) as running:
        yield running


of_either_vendor = pytest.mark.parametrize("vendor", ["bigmodel", "zai"], indirect=True)


@pytest.fixture
def silent_vendor() -> Iterator[Vendor]:
    """One that gives no results under a request id, as far as its documentation goes."""
    with Vendor(protocol="bigmodel") as running:
        yield running


def kill_when_accepted(project: Project, vendor: Vendor, count: int = 1) -> None:
    """Have a run killed that waits for an answer about its last submission, which was accepted."""
    vendor.on_submit(*[Accept()] * (count - 1), Accept(then=Hang()))
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.accepted) == count)
    process.kill()
    process.communicate()


def make_older(project: Project, created_at: str) -> None:
    with sqlite3.connect(project.root / ".cogvid/ledger.db") as ledger:
        ledger.execute("UPDATE attempts SET created_at = ?", (created_at,))
    ledger.close()


@of_either_vendor
def test_a_submission_has_the_vendors_names_and_an_id_of_its_own(project: Project, vendor: Vendor) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    (project.root / "a.png").write_bytes(picture.getvalue())
    uri = "data:image/png;base64," + b64encode(picture.getvalue()).decode()
    project.write(
        "  cat: {prompt: Move., image: a.png, watermark: false, duration: 10}\n"
        "  dog: {prompt: Morph., image: [a.png, https://example.com/b.png], quality: speed}\n"
    )

    ran = project.apply("--jobs", "1")

    assert ran.code == 0, ran.err
    cat, dog = (task.body for task in vendor.accepted)
    ids = [body.pop("request_id") for body in (cat, dog)]
    assert cat == {
        "model": "cogvideox-3",
        "prompt": "Move.",
        "image_url": uri,
        "watermark_enabled": False,
        "duration": 10,
    }
    assert dog == {
        "model": "cogvideox-3",
        "prompt": "Morph.",
        "image_url": [uri, "https://example.com/b.png"],
        "quality": "speed",
    }
    assert ids == [project.lock[name]["result"]["request_id"] for name in ("cat", "dog")]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("then", [Cut(), Reply(504), Reply(500, error(1234, "Network error", 1234)), Reply()])
def test_an_answer_lost_after_acceptance_is_found_by_its_request_id(
    project: Project, vendor: Vendor, then: Cut | Reply
) -> None:
    vendor.on_submit(Accept(then=then if then != Reply() else Reply(200, {"model": "cogvideox-3"})))
    project.write(CAT)

    ran = project.apply()

    assert ran.code == 0, ran.err
    assert len(vendor.accepted) == 1
    first, second = vendor.posts
    assert first.raw == second.raw
    assert first.connection != second.connection
    assert project.lock["cat"]["status"] == "succeeded"


@pytest.mark.parametrize("lost", [Cut(), Reply(502, b"<html>bad gateway</html>"), Reply(408)])
def test_a_request_lost_before_acceptance_is_sent_again_as_it_was(
    project: Project, vendor: Vendor, lost: Cut | Reply
) -> None:
    vendor.on_submit(lost, lost)
    project.write(CAT)

    assert project.apply().code == 0

    assert len(vendor.accepted) == 1
    assert len({post.raw for post in vendor.posts}) == 1
    assert len(vendor.posts) == 3


def test_that_a_repetition_is_turned_away_says_nothing_about_the_first(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Accept(then=Cut()), Reply(429, error(429, "slow down", 1302)))
    project.write(CAT)

    assert project.apply().code == 0

    assert len(vendor.accepted) == 1
    assert len({post.raw for post in vendor.posts}) == 1


@pytest.mark.parametrize("answer", [Reply(400, error(400, "no", 1214)), Reply(401, error(401, "no", 1002))])
def test_a_refused_repetition_leaves_the_shot_held(project: Project, vendor: Vendor, answer: Reply) -> None:
    vendor.on_submit(Accept(then=Cut()), answer)
    project.write(CAT)

    ran = project.apply()

    assert ran.code == 5
    assert project.lock["cat"]["status"] == "held"
    assert len(vendor.posts) == 2


def test_what_cannot_be_found_by_its_request_id_is_held(project: Project, silent_vendor: Vendor) -> None:
    project.vendor = silent_vendor
    silent_vendor.on_submit(Accept(then=Cut()))
    project.write(CAT)

    ran = project.apply()

    assert ran.code == 5
    assert len(silent_vendor.accepted) == 1
    assert project.lock["cat"]["status"] == "held"
    assert "the vendor has accepted it" in project.lock["cat"]["pending"]["error"]
    task = silent_vendor.accepted[0].id
    assert project.run("recover", "--adopt", f"cat={task}").code == 0
    assert project.apply().code == 0
    assert len(silent_vendor.accepted) == 1


@of_either_vendor
def test_a_run_after_a_kill_asks_again_for_what_the_killed_one_sent(project: Project, vendor: Vendor) -> None:
    project.write(CHAIN)
    kill_when_accepted(project, vendor, count=2)

    plan = project.run("plan", "--format", "json").json
    ran = project.apply()

    (nap,) = (action for action in plan["actions"] if action["shot"] == "nap")
    assert (nap["action"], nap["cost"]["amount"]) == ("resume", 1)
    assert "the same request id" in nap["reason"]
    assert plan["cost"]["amount"] == 1
    assert ran.code == 0, ran.err
    assert len(vendor.accepted) == 2
    assert len({post.raw for post in vendor.posts}) == 2
    assert project.apply().out == "Nothing to do: 2 up to date.\n"


@pytest.mark.parametrize("created_at", ["2026-01-01T00:00:00.000+00:00", "2999-01-01T00:00:00.000+00:00"])
def test_after_ten_minutes_or_on_a_clock_that_was_set_back_nothing_is_repeated(
    project: Project, vendor: Vendor, created_at: str
) -> None:
    project.write(CAT)
    kill_when_accepted(project, vendor)
    make_older(project, created_at)

    assert project.plan() == {"cat": "hold"}
    assert project.apply().code == 5
    assert len(vendor.posts) == 1


def test_with_another_key_nothing_is_repeated(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    kill_when_accepted(project, vendor)
    vendor.key = "sk-of-another-account"

    assert project.apply().code == 5
    assert len(vendor.posts) == 1


def test_it_is_repeated_at_the_host_where_it_was_sent_first(project: Project, vendor: Vendor) -> None:
    project.write(CAT)
    kill_when_accepted(project, vendor)

    with Vendor(protocol=vendor.api.name) as elsewhere:
        project.vendor = elsewhere
        ran = project.apply()

    assert ran.code == 0, ran.err
    assert not elsewhere.requests
    assert len(vendor.accepted) == 1


def test_twins_of_a_repeated_request_share_its_clip(project: Project, vendor: Vendor) -> None:
    project.write(CAT + CAT.replace("cat:", "dog:"))
    kill_when_accepted(project, vendor)

    assert project.plan() == {"cat": "resume", "dog": "reuse"}
    assert project.apply().code == 0
    assert len(vendor.accepted) == 1


def test_the_older_name_of_the_key_is_known_too(project: Project) -> None:
    with Vendor(protocol="bigmodel") as vendor:
        project.write(CAT, provider="bigmodel")
        project.env = {"BIGMODEL_BASE_URL": vendor.base_url, "ZHIPUAI_API_KEY": vendor.key}
        project.vendor = None

        assert project.apply().code == 0


def test_arrears_stop_submitting_and_running_tasks_are_collected(project: Project, vendor: Vendor) -> None:
    vendor.running_polls = 2
    vendor.on_submit(Accept(), Reply(429, error(429, "in arrears", 1113)))
    project.write(CAT + "".join(f"  dog-{n}: {{prompt: Dog {n}.}}\n" for n in range(6)))

    ran = project.apply("--jobs", "1")

    assert ran.code == 1
    assert len(vendor.accepted) == 1
    assert project.lock["cat"]["status"] == "succeeded"
    assert len(vendor.posts) == 2
    assert "in arrears" in ran.err
    assert "top up" in ran.err


def test_the_key_and_what_is_made_of_it_are_in_no_output_and_in_no_file_but_the_ledger(
    project: Project, vendor: Vendor
) -> None:
    vendor.on_submit(Accept(then=Cut()))
    project.write(CAT)
    ran = project.apply("--json")

    with sqlite3.connect(project.root / ".cogvid/ledger.db") as ledger:
        ((seal,),) = ledger.execute("SELECT seal FROM attempts").fetchall()
    ledger.close()
    assert len(seal) == 64
    files = [path for path in project.root.rglob("*") if path.is_file() and ".cogvid" not in path.parts]
    texts = [ran.out.encode(), ran.err.encode(), *map(Path.read_bytes, files)]
    assert not any(seal.encode() in text or vendor.key.encode() in text for text in texts)


def test_ctrl_c_while_a_repetition_waits_leaves_it_to_the_next_run(project: Project, vendor: Vendor) -> None:
    vendor.on_submit(*[Cut()] * 4)
    project.write(CAT)
    process = project.start("apply", "--yes")
    vendor.wait_until(lambda: len(vendor.posts) == 3)

    process.send_signal(signal.SIGINT)
    process.communicate()

    assert process.returncode == 130
    vendor.on_submit()
    assert project.plan() == {"cat": "resume"}
    assert project.apply().code == 0
    assert len(vendor.accepted) == 1
    assert len({post.raw for post in vendor.posts}) == 1
