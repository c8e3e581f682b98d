"""Keep previews and the storyboard page up to date while somebody writes."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from cogvid_pipeline.cli.complain import complain, complaint
from cogvid_pipeline.cli.previewing import described, outcome_words
from cogvid_pipeline.cli.project import Project, load_manifest, open_project
from cogvid_pipeline.cli.settings import Settings
from cogvid_pipeline.cli.storyboard_page import build_page
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.loopback import Server, listen, origin, served
from cogvid_pipeline.model.plan import PlanOptions
from cogvid_pipeline.model.preview import NotRendered, PreviewOutcome
from cogvid_pipeline.page.site import Footage
from cogvid_pipeline.watch.app import make_app
from cogvid_pipeline.watch.files import Watched
from cogvid_pipeline.watch.news import Board

# Renders what changed in a project, and says what became of each shot.
Render = Callable[[Project], Sequence[PreviewOutcome]]


def watch(settings: Settings, render: Render, *, port: int) -> None:
    """Serve the storyboard page and bring it up to date at each change, until interrupted.

    Raises CogvidError when the manifest cannot be read at all at the beginning, or the port cannot be had.
    """
    storyboard = load_manifest(settings).storyboard
    root = settings.manifest if settings.manifest.is_dir() else settings.manifest.parent
    made_here = [root / "previews", *([root / storyboard.output] if storyboard else [])]
    board = Board()
    with (
        listen("127.0.0.1", port) as listening,
        TemporaryDirectory(prefix="cogvid-preview-") as folder,
        served(Server(make_app(Path(folder), board, port=listening.getsockname()[1])), listening),
    ):
        watched = Watched(root, apart=made_here, besides=settings.variable_files)
        click.echo(f"{origin(listening)}/")
        click.echo("this page follows the manifest and its files; Ctrl-C ends it", err=True)
        showing = Showing(settings, render, Path(folder), board)
        showing.refresh()
        for _ in watched.changes():
            showing.refresh()


@dataclass
class Showing:
    """A page in a folder, and what hangs on the board about it."""

    settings: Settings
    render: Render
    folder: Path
    board: Board

    def refresh(self) -> None:
        """Bring all up to date; what is wrong is said on the terminal and on the page, which stays."""
        try:
            project = open_project(self.settings)
            self.board.busy("rendering what changed …")
            outcomes = self.render(project)
            self.board.show(self._write_page(project, outcomes), "\n".join(_failures(outcomes)))
        except CogvidError as error:
            complain(error)
            self.board.wrong(complaint(error))

    def _write_page(self, project: Project, outcomes: Sequence[PreviewOutcome]) -> str:
        """Write the page; what comes back differs from that of any other page."""
        there = [outcome for outcome in outcomes if not isinstance(outcome, NotRendered)]
        with ThreadPoolExecutor() as pool:
            clips = pool.map(lambda preview: described(preview.path, preview.digest), there)
            footage = {
                preview.shot: Footage(clip, partial(_itself, preview.path))
                for preview, clip in zip(there, clips, strict=True)
            }
        with project.read_ledger() as ledger:
            plan = project.plan(ledger, PlanOptions())
        page = build_page(project, plan, self.folder, footage=footage, live=True)
        return hashlib.sha256(page.read_bytes()).hexdigest()[:16]


def _failures(outcomes: Sequence[PreviewOutcome]) -> Iterator[str]:
    for outcome in outcomes:
        if isinstance(outcome, NotRendered):
            yield outcome_words(outcome)


def _itself(path: Path) -> Path:
    return path
