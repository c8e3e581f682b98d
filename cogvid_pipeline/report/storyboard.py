"""The resolved shots as text and as JSON data."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from cogvid_pipeline.model.cut import Segment
from cogvid_pipeline.model.shot import (
    Image,
    ImageData,
    ImageFile,
    ImageUrl,
    Shot,
    ShotFrame,
    Storyboard,
)
from cogvid_pipeline.report.json_text import FORMAT_VERSION
from cogvid_pipeline.report.printable import printable

_DONE = {"crop": "cropped", "pad": "padded"}


def storyboard_text(shots: Iterable[Shot]) -> str:
    """Each shot with what it asks for, one field a line."""
    return "\n".join(_shot_text(shot) for shot in shots)


def storyboard_document(storyboard: Storyboard, shots: Iterable[Shot]) -> dict[str, Any]:
    """These shots and the whole cut as JSON data; what nobody wrote is left out."""
    return {
        "format_version": FORMAT_VERSION,
        "project": storyboard.project,
        "provider": storyboard.provider,
        **({"environment": storyboard.environment} if storyboard.environment else {}),
        "shots": [
            {
                "shot": shot.name,
                "model": shot.model,
                **({"prompt": shot.prompt} if shot.prompt else {}),
                **({"image": [describe_image(image) for image in shot.images]} if shot.images else {}),
                **shot.parameters,
                **_choices(shot),
                "tags": list(shot.tags),
            }
            for shot in shots
        ],
        "cut": [segment_data(segment) for segment in storyboard.cut],
    }


def _choices(shot: Shot) -> dict[str, Any]:
    """What a shot says about its clips, as far as it says anything."""
    choices = {
        "takes": shot.takes if shot.takes != 1 else None,
        "pick": shot.pick,
        "depends_on": list(shot.depends_on),
        "protect": shot.protect,
        "freeze": shot.freeze,
    }
    return {name: value for name, value in choices.items() if value}


def segment_data(segment: Segment) -> dict[str, Any]:
    """A piece of the cut under the names that the manifest has for it."""
    transition = segment.transition
    fade_out = {"fade_out": segment.fade_out} if segment.fade_out else {}
    return {
        "shot": segment.shot,
        "take": segment.take,
        "in": segment.start,
        "out": segment.end,
        "transition": asdict(transition) if transition else None,
        **fade_out,
    }


def describe_image(image: Image) -> str:
    """A picture in a few words, and what is done to it."""
    words = _source(image)
    fit = None if isinstance(image, ImageUrl) else image.fit
    return f"{words}, {_DONE[fit.how]} to {fit.size}" if fit else words


def _source(image: Image) -> str:
    match image:
        case ImageFile(path):
            return path
        case ImageUrl(url):
            return url
        case ImageData(digest, media_type):
            return f"{media_type} written in the manifest ({digest[:19]}…)"
        case ShotFrame(at=at):
            source = image.source
            return (
                f"the {at} frame of {source}" if isinstance(at, str) else f"the frame of {source} at {at:g} s"
            )


def _shot_text(shot: Shot) -> str:
    fields = [("model", shot.model)]
    if shot.prompt:
        fields.append(("prompt", shot.prompt))
    fields += [("image", describe_image(image)) for image in shot.images]
    fields += [(name, str(value).lower()) for name, value in shot.parameters.items()]
    for name, value in _choices(shot).items():
        fields.append((name, ", ".join(value) if isinstance(value, list) else str(value).lower()))
    if shot.tags:
        fields.append(("tags", ", ".join(shot.tags)))
    width = max(len(name) for name, _ in fields)
    return "".join(
        [f"{shot.name}\n", *(f"  {name:<{width}}  {printable(value)}\n" for name, value in fields)]
    )
