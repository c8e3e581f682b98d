"""Every example is valid, plans without a key, and does what its comments say."""

import json
import shutil
from pathlib import Path

import pytest

from tests.project import Project
from tests.vendor import Vendor

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/cogvid.yaml"))
SEED_PROMPT = "让画面动起来"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_valid_and_plans_without_a_key(example: Path, tmp_path: Path) -> None:
    shutil.copytree(example, tmp_path / "copy", ignore=shutil.ignore_patterns("renders", "*.lock"))
    project = Project(tmp_path / "copy")

    assert project.run("validate").code == 0
    assert project.run("plan", "--detailed-exitcode").code == 2


def test_the_bodies_that_the_seed_sends_are_the_pages(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples/seed", tmp_path / "seed")
    common = {"model": "cogvideox-3", "with_audio": True, "size": "1920x1080", "fps": 30}
    page = [
        {**common, "prompt": "A cat is playing with a ball.", "quality": "quality"},
        {
            **common,
            "prompt": SEED_PROMPT,
            "image": "https://img.iplaysoft.com/wp-content/uploads/2019/free-images/free_stock_photo.jpg",
            "quality": "quality",
        },
        {
            **common,
            "prompt": SEED_PROMPT,
            "image": [
                "https://cdn.bigmodel.cn/markdown/1752547801491cogvideo4.png",
                "https://cdn.bigmodel.cn/markdown/1752547813297cogvideo5.png",
            ],
            "quality": "speed",
        },
    ]
    with Vendor() as vendor:
        project = Project(tmp_path / "seed", vendor)

        ran = project.apply("--jobs", "1")

        assert ran.code == 0, ran.err
        # The page waits for the video on an open connection; `async` is what cogvid adds.
        assert [task.body for task in vendor.accepted] == [{**body, "async": True} for body in page]


def test_the_quickstart_shows_every_kind_of_input(tmp_path: Path) -> None:
    project = Project(ROOT / "examples/quickstart")

    document = json.loads(project.run("show", "--format", "json").out)

    inputs = {shot["shot"]: shot.get("image", []) for shot in document["shots"]}
    assert [] in inputs.values()
    assert ["frames/street.jpg"] in inputs.values()
    assert ["the last frame of street"] in inputs.values()
    assert ["the frame of street at 2.5 s"] in inputs.values()
    assert any(len(images) == 2 for images in inputs.values())
