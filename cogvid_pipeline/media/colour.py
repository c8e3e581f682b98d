"""Convert between video frames and RGB pictures by the colours that the video is tagged with."""

from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from PIL import Image

# swscale's flags SWS_ACCURATE_RND, SWS_FULL_CHR_H_INT and SWS_BITEXACT, which older PyAV has no names for:
# without them a conversion is off by several levels and differs from one processor to another.
_EXACT = int(Interpolation.BICUBIC) | 0x40000 | 0x2000 | 0x80000

# swscale knows matrices by the numbers that ITU-T H.273 tags a video with, but lacks the last of each pair.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}


def to_rgb(frame: VideoFrame) -> Image.Image:
    """The frame as a picture, upright."""
    rgb = frame.reformat(
        format="rgb24",
        src_colorspace=_matrix(frame),
        src_color_range=_range(frame),
        # RGB has neither matrix nor range; with other values here PyAV 15 ignores those of the source.
        dst_colorspace=Colorspace.DEFAULT,
        dst_color_range=ColorRange.MPEG,
        interpolation=_EXACT,
    )
    plane = rgb.planes[0]
    picture = Image.frombytes("RGB", (rgb.width, rgb.height), bytes(plane), "raw", "RGB", plane.line_size, 1)
    match frame.rotation % 360:
        case 90:
            return picture.transpose(Image.Transpose.ROTATE_90)
        case 180:
            return picture.transpose(Image.Transpose.ROTATE_180)
        case 270:
            return picture.transpose(Image.Transpose.ROTATE_270)
        case _:
            return picture


def to_bt709(picture: Image.Image, reformatter: VideoReformatter) -> VideoFrame:
    """An RGB picture as a 4:2:0 frame in BT.709, limited range. The reformatter may be used again."""
    rgb = VideoFrame(picture.width, picture.height, "rgb24")
    rgb.planes[0].update(picture.tobytes("raw", "RGB", rgb.planes[0].line_size, 1))
    return reformatter.reformat(
        rgb,
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=_EXACT,
    )


def scaled_to_bt709(frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
    """A frame of video as a 4:2:0 frame of that size in BT.709, limited range; turned as it is stored."""
    return frame.reformat(
        *size,
        format="yuv420p",
        src_colorspace=_matrix(frame),
        src_color_range=_range(frame),
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=_EXACT,
    )


def _range(frame: VideoFrame) -> ColorRange:
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return ColorRange.JPEG if full else ColorRange.MPEG


def _matrix(frame: VideoFrame) -> int:
    """What is not tagged is BT.709 from 720 lines on, as players have it, and BT.601 below."""
    untagged = Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    return _MATRICES.get(frame.colorspace, untagged)
