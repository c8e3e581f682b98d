"""Compare a clip with what was asked for; pure."""

from collections.abc import Mapping
from typing import Any

from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.shot import Scalar


def differences(
    parameters: Mapping[str, Any], clip: Clip, documented_defaults: Mapping[str, Scalar]
) -> list[str]:
    """Sentences about where the clip is not what was asked for; vendors round lengths a little."""
    asked = {**documented_defaults, **parameters}
    found = []
    got = f"{clip.width}x{clip.height}"
    if "size" in asked and asked["size"] != got:
        found.append(f"asked for {asked['size']}, got {got}")
    if _far(asked.get("fps"), clip.fps):
        found.append(f"asked for {asked['fps']} frames a second, got {clip.fps:g}")
    if _far(asked.get("duration"), clip.duration):
        found.append(f"asked for {asked['duration']} seconds, got {clip.duration:g}")
    if asked.get("with_audio") is True and not clip.audio:
        found.append("asked for sound, got a silent clip")
    return found


def _far(asked: object, got: float) -> bool:
    """Whether a number was asked for, and another one came; a lock may say anything."""
    return isinstance(asked, int | float) and abs(got - asked) > 0.5
