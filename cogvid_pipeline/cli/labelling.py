"""Label the clips that a project has already."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.cli.wiring import make_labeller
from cogvid_pipeline.engine.labelling import write_labelled
from cogvid_pipeline.engine.ports import Labeller
from cogvid_pipeline.errors import StateError, UsageError
from cogvid_pipeline.model.attempt import Labelled, LockEntry
from cogvid_pipeline.provenance.variables import SIGNING_KEY
from cogvid_pipeline.state.lockfile import LockFile


def label_clips(project: Project, anew: Sequence[str]) -> Iterator[str]:
    """Label the takes of these names `anew`, or without any the ones that need it; yield a line for each.

    Raises CogvidError when there is nothing to label with, or when a clip cannot be labelled; those before
    it are recorded then.
    """
    labeller = _labeller(project)
    if project.lock.conflicted:
        raise StateError(f"a merge has left conflicts in {project.lock_path.name}", hint="run `cogvid apply`")
    file = LockFile(project.lock_path, project.storyboard.output)
    count = 0
    try:
        for take in project.takes_named(anew) if anew else project.takes:
            entry = project.lock.entries.get(take, LockEntry())
            if entry.result is None or (not anew and _is_labelled(project, take, entry, labeller)):
                continue
            labelled = _standing(project, entry, labeller) if not anew else None
            if labelled is None:
                labelled = write_labelled(project.clips, labeller, entry.result)
            project.clips.place(labelled, take)
            file.put(take, replace(entry, labelled=labelled))
            count += 1
            yield f"{take}: {'signed' if labelled.signed else 'labelled'}"
    finally:
        file.flush()
    if not count:
        yield "nothing to do"


def _labeller(project: Project) -> Labeller:
    if project.storyboard.provenance is None:
        raise UsageError(
            "the manifest does not say in whose name",
            hint="add `provenance: {producer: YOUR NAME, certificate: certs/chain.pem}`",
        )
    if (labeller := make_labeller(project)) is None:
        raise UsageError(
            f"there is no key to sign with: {SIGNING_KEY} is not set",
            hint="set it to the path of a PEM file; `cogvid credentials test-certificate` makes one to try",
        )
    return labeller


def _is_labelled(project: Project, take: str, entry: LockEntry, labeller: Labeller) -> bool:
    known = entry.labelled
    return (
        known is not None and known.signed >= labeller.signs and project.clips.digest_of(take) == known.sha256
    )


def _standing(project: Project, entry: LockEntry, labeller: Labeller) -> Labelled | None:
    """The copy in the lock, if it is in the cache and as good as what would be made."""
    known = entry.labelled
    if known is None or known.signed < labeller.signs or project.clips.find(known) is None:
        return None
    return known
