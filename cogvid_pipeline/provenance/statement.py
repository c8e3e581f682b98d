"""What is said of a clip, from the record of the attempt that made it."""

from hashlib import sha256
from typing import Any

from cogvid_pipeline import __version__
from cogvid_pipeline.model.attempt import Attempt

TOOL = "cogvid-pipeline"

# IPTC's vocabulary of digital source types. What draws previews was trained on nothing.
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = f"{_SOURCE_TYPES}trainedAlgorithmicMedia"
DRAWN = f"{_SOURCE_TYPES}algorithmicMedia"


def source_type(attempt: Attempt) -> str:
    """What kind of thing made the clip: a trained model, or a program."""
    return TRAINED if attempt.paid else DRAWN


def software_agent(attempt: Attempt) -> dict[str, str]:
    """Who made the clip; a vendor's model goes by the name that it was asked for under."""
    if attempt.paid:
        return {"name": f"{_plain(attempt.request['model'])} via {_plain(attempt.provider)}"}
    return {"name": f"{TOOL} {_plain(attempt.provider)}", "version": __version__}


def generation(attempt: Attempt) -> dict[str, Any]:
    """What leads from the clip back to the lock. The prompt is there as a digest: it may be a secret."""
    prompt = str(attempt.request.get("prompt", ""))
    said = {
        "model": _plain(attempt.request["model"]),
        "provider": _plain(attempt.provider),
        "task_id": _plain(attempt.task_id),
        "fingerprint": attempt.fingerprint,
        "prompt_sha256": sha256(prompt.encode("utf-8", "replace")).hexdigest() if prompt else "",
        "clip_sha256": attempt.clip.sha256 if attempt.clip else "",
        "completed_at": _plain(attempt.completed_at),
    }
    return {name: value for name, value in said.items() if value}


def _plain(text: str) -> str:
    """The text without what no name has in it; a lock comes from strangers."""
    return "".join(filter(str.isprintable, str(text)))[:200]
