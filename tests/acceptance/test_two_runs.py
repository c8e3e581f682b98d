"""Two runs at once that share a ledger, each with a lock of its own, as two work trees have."""

from pathlib import Path

import pytest

from tests.project import Project
from tests.vendor import Vendor

SLOW = "  slow: {prompt: A snail.}\n"
CAT = "  cat: {prompt: A cat plays.}\n"


@pytest.fixture
def projects(tmp_path: Path, vendor: Vendor) -> tuple[Project, Project]:
    pair = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        pair.append(Project(tmp_path / name, vendor, {"COGVID_LEDGER": str(tmp_path / "ledger")}))
    return pair[0], pair[1]


@pytest.mark.parametrize("options", [(), ("--replace", "cat")])
def test_what_another_run_has_finished_meanwhile_is_paid_again_only_when_asked_for(
    projects: tuple[Project, Project], vendor: Vendor, options: tuple[str, ...]
) -> None:
    one, two = projects
    one.write(SLOW + CAT)
    two.write(CAT)
    vendor.seconds = 3600
    first = one.start("apply", "--yes", "--jobs", "1", *options)
    vendor.wait_until(lambda: len(vendor.polls) >= 1)
    vendor.seconds = 0

    assert two.apply().code == 0
    vendor.accepted[0].ready_at = 0
    _, err = first.communicate(timeout=60)

    assert first.returncode == 0, err
    assert len(vendor.accepted) == (3 if options else 2)
    assert one.lock["cat"]["result"]["task_id"] == vendor.accepted[-1].id
    assert (one.root / "renders/cat.mp4").read_bytes() == vendor.accepted[-1].clip
