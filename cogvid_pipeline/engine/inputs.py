"""Turn a shot into what a provider is sent."""

from collections.abc import Callable

from cogvid_pipeline.engine.ports import Ports
from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.shot import Image, ImageData, ImageFile, ImageUrl, Shot, ShotFrame
from cogvid_pipeline.model.wire import ImageBytes, ImageLink, Submission


async def make_submission(shot: Shot, ports: Ports, clip_of: Callable[[str], Clip]) -> Submission:
    """The submission with its pictures loaded: files byte for byte, frames decoded from upstream clips.

    Its request id is empty; each attempt gets its own. Raises CogvidError when a file has changed since it
    was planned, or a frame cannot be decoded.
    """
    return Submission(
        request_id="",
        shot=shot.name,
        take=1,
        model=shot.model,
        prompt=shot.prompt,
        images=tuple([await _load(image, ports, clip_of) for image in shot.images]),
        parameters=shot.parameters,
    )


async def _load(image: Image, ports: Ports, clip_of: Callable[[str], Clip]) -> ImageBytes | ImageLink:
    match image:
        case ImageUrl(url):
            return ImageLink(url)
        case ImageData(_, media_type, data):
            return ImageBytes(data, media_type)
        case ImageFile(_, _, media_type):
            return ImageBytes(ports.read_image(image), media_type)
        case ShotFrame(upstream, at):
            clip = ports.clips.find(clip_of(upstream))
            if clip is None:
                raise MediaError(
                    f"the clip of {upstream!r} disappeared during the run", hint="run apply again"
                )
            return ImageBytes(*await ports.frames.extract(clip, at))
