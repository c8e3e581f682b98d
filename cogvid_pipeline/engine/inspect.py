"""Compare a clip with what was asked for; pure."""

from collections.abc import Mapping

from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.shot import Scalar, Shot


def differences(shot: Shot, clip: Clip, documented_defaults: Mapping[str, Scalar]) -> list[str]:
    """Sentences about where the clip is not what the shot asks for; vendors round lengths a little."""
    asked = {**documented_defaults, **shot.parameters}
    found = []
    got = f"{clip.width}x{clip.height}"
    if "size" in asked and asked["size"] != got:
        found.append(f"asked for {asked['size']}, got {got}")
    if "fps" in asked and abs(clip.fps - float(asked["fps"])) > 0.5:
        found.append(f"asked for {asked['fps']} frames a second, got {clip.fps:g}")
    if "duration" in asked and abs(clip.duration - float(asked["duration"])) > 0.5:
        found.append(f"asked for {asked['duration']} seconds, got {clip.duration:g}")
    if asked.get("with_audio") is True and not clip.audio:
        found.append("asked for sound, got a silent clip")
    return found
