"""Judge the credentials in a clip."""

from dataclasses import dataclass
from pathlib import Path

from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.provenance.credentials import Credentials, read


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a clip's credentials hold, and what they say or what is wrong with them."""

    holds: bool
    words: str


def clips_of(project: Project) -> dict[Path, str]:
    """The files of the project's clips, each with the digest in the lock of what it is made of."""
    return {
        project.root / project.storyboard.output / f"{take}.mp4": entry.result.clip.sha256
        for take in project.takes
        if (entry := project.settled_lock.entries.get(take)) and entry.result and entry.result.clip
    }


def verdict_on(path: Path, digest: str, anchors: str) -> Verdict:
    """The verdict on a file; where a `digest` is given, it has to be made of the clip that has it."""
    if not path.is_file():
        return Verdict(False, "is not there")
    try:
        found = read(path, anchors=anchors)
    except CogvidError as error:
        return Verdict(False, str(error))
    if found is None:
        return Verdict(False, "has no credentials")
    if found.problems:
        return Verdict(
            False, f"was changed after it was signed, or badly signed: {', '.join(found.problems)}"
        )
    if anchors and not found.trusted:
        return Verdict(False, f"is signed by {found.signer}, whom nobody in --trust vouches for")
    if digest and found.generation.get("clip_sha256") != digest:
        return Verdict(False, "is made of another clip than the one in the lock")
    return Verdict(True, _words(found))


def _words(found: Credentials) -> str:
    kind = found.source_type.rpartition("/")[2]
    signer = f"{found.signer}, {'trusted' if found.trusted else 'whose identity was not checked'}"
    task = f", task {found.generation['task_id']}" if "task_id" in found.generation else ""
    return f"valid; signed by {signer}; {kind}, {found.agent}{task}"
