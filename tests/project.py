"""A project of a test: a directory with a manifest, in which the real command is run as a process."""

import json
import os
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from cogvid_pipeline.cli.main import cli
from tests.vendor import Vendor

PATIENCE = 120  # seconds after which a command counts as hanging

HEADER = """\
version: 1
project: test
provider: {provider}
prices: {{cogvideox-3: {{amount: 1, currency: CNY}}}}
defaults: {{model: cogvideox-3}}
"""


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Project:
    """`vendor` is who the environment points at, with its key, and who manifests name."""

    root: Path
    vendor: Vendor | None = None
    env: dict[str, str] = field(default_factory=dict)

    def write(self, shots: str, *, provider: str = "", more: str = "") -> None:
        """Write the manifest: the usual header, what else is asked for, and the shots."""
        provider = provider or (self.vendor.api.name if self.vendor else "geekai")
        text = HEADER.format(provider=provider) + more + "shots:\n" + shots
        (self.root / "cogvid.yaml").write_text(text, encoding="utf-8")

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start `cogvid` with these arguments and leave it running."""
        return self.python("-m", "cogvid_pipeline", *arguments, **options)

    def python(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start Python with these arguments, where and as `cogvid` would be."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.root,
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **options,
        )

    def run(self, *arguments: str) -> Ran:
        """Run `cogvid` to its end."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err, err
        return Ran(process.returncode, out, err)

    def apply(self, *arguments: str) -> Ran:
        return self.run("apply", "--yes", *arguments)

    def plan(self, *arguments: str) -> dict[str, str]:
        """The planned action of each shot."""
        ran = self.run("plan", "--format", "json", *arguments)
        assert ran.code == 0, ran.err
        return {action["shot"]: action["action"] for action in ran.json["actions"]}

    @property
    def _environment(self) -> dict[str, str]:
        return self.env | dict(self.vendor.environment if self.vendor else {})

    @property
    def lock(self) -> dict[str, Any]:
        """The entries of the lock."""
        shots: dict[str, Any] = json.loads((self.root / "cogvid.lock").read_text(encoding="utf-8"))["shots"]
        return shots


class QuickProject(Project):
    """A project whose commands run in this process: for tests of many, none of which needs one of its own."""

    def run(self, *arguments: str) -> Ran:
        with chdir(self.root):
            ran = CliRunner().invoke(cli, arguments, env=self._environment, catch_exceptions=False)
        return Ran(ran.exit_code, ran.stdout, ran.stderr)
