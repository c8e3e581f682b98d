"""The tool as people install it: from a built wheel, away from the checkout."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(into), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = into.glob("*.whl")
    return built


def test_the_wheel_carries_schemas_the_starter_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    for path in (ROOT / "schemas").rglob("*.json"):
        assert f"cogvid_pipeline/{path.relative_to(ROOT).as_posix()}" in names
    assert "cogvid_pipeline/cli/starter.yaml" in names
    assert "cogvid_pipeline/plan/prices.json" in names
    for path in (ROOT / "cogvid_pipeline" / "page" / "assets").iterdir():
        assert path.relative_to(ROOT).as_posix() in names
    assert "cogvid_pipeline/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)


def test_the_tool_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True, system_site_packages=False)
    python = tmp_path / "env/bin/python"
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)],
        check=True,
        capture_output=True,
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def cogvid(*arguments: str) -> str:
        done = subprocess.run(
            [tmp_path / "env/bin/cogvid", *arguments],
            cwd=tmp_path,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    cogvid("init", "film")
    assert cogvid("-C", "film", "validate") == "valid: 2 shots\n"
    cogvid("-C", "film", "preview", "--scale", "0.1")
    assert (tmp_path / "film/previews/walk.mp4").exists()
    assert '"$schema"' in cogvid("schema")
