"""What a shot says about how its pictures are made to fit."""

from cogvid_pipeline.manifest.draft import Draft
from cogvid_pipeline.manifest.images import ImageMistake
from cogvid_pipeline.manifest.mistakes import Mistake, Notes
from cogvid_pipeline.model.shot import Fit


def fit_of(shot: str, draft: Draft, notes: Notes) -> Fit | None:
    """How the pictures of a shot are to fit; None when they stay as they are."""
    how, size = draft.value(shot, "fit"), draft.value(shot, "size")
    if how in (None, "none"):
        return None
    if size is None:
        if draft.is_certain(shot, "size"):
            message = f"{draft.written(shot)} has no `size` for its pictures to fit"
            hint = "add `size: 1920x1080` or another one"
            notes.add(Mistake("CV429", message, draft.origin(shot, "fit"), hint))
        return None
    return Fit(how, size)


def unfit(fit: Fit) -> ImageMistake:
    """What is wrong with a URL among pictures that are to fit."""
    message = f"`fit: {fit.how}` cannot prepare a picture at a URL, which the vendor fetches itself"
    return ImageMistake("CV430", message, "save it beside the manifest, or write `fit: none` in this shot")
