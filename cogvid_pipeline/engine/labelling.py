"""Have the copy of a clip that says how it was made."""

from cogvid_pipeline.engine.ports import Clips, Labeller
from cogvid_pipeline.errors import StateError
from cogvid_pipeline.model.attempt import Attempt, Labelled


def write_labelled(clips: Clips, labeller: Labeller, attempt: Attempt) -> Labelled:
    """Make the copy of an attempt's clip, and take it into the cache.

    Raises CogvidError; the clip itself stays as it is.
    """
    raw = clips.find(attempt.clip) if attempt.clip else None
    if raw is None:
        raise StateError("its clip is not here", hint="`cogvid apply` brings it back, free of charge")
    staged = clips.staging(f"labelled {attempt.request_id}")
    staged.unlink(missing_ok=True)
    try:
        labeller.write(raw, attempt, staged)
        copy = clips.adopt(staged)
    finally:
        staged.unlink(missing_ok=True)
    return Labelled(copy.sha256, copy.bytes, labeller.signs)
