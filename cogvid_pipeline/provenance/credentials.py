"""Read the Content Credentials (C2PA) of a clip, without the network."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import c2pa

from cogvid_pipeline.errors import CogvidError

MP4 = "video/mp4"

# The label of what `statement.generation` says. It has to begin with a domain, and the project has none.
GENERATION = "com.example.cogvid.generation"

_UNTRUSTED = "signingCredential.untrusted"
_BEGINNINGS = ("c2pa.created", "c2pa.opened")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a clip's credentials say, and whether they hold.

    `problems` has codes of C2PA, and none when clip and credentials are as they were signed. `trusted` tells
    whether the signer is known.
    """

    problems: tuple[str, ...]
    trusted: bool
    signer: str
    source_type: str
    agent: str
    generation: dict[str, Any] = field(default_factory=dict)


def read(clip: Path, *, anchors: str = "") -> Credentials | None:
    """The credentials in a file, None where there are none.

    `anchors` are certificates in PEM that are trusted. Raises CogvidError when they cannot be read.
    """
    try:
        with make_context(anchors) as context, clip.open("rb") as file:
            reader = c2pa.Reader.try_create(MP4, file, context=context)
            if reader is None:
                return None
            with reader:
                return _made_out(reader)
    except c2pa.C2paError as error:
        raise CogvidError(f"its credentials cannot be read: {error}") from error


def make_context(anchors: str = "") -> c2pa.Context:
    """The library's settings: never fetch anything, draw no thumbnails, trust these certificates alone."""
    return c2pa.Context(
        c2pa.Settings.from_dict(
            {
                "verify": {"ocsp_fetch": False, "remote_manifest_fetch": False},
                "builder": {"thumbnail": {"enabled": False}},
                **({"trust": {"trust_anchors": anchors}} if anchors else {}),
            }
        )
    )


def _made_out(reader: c2pa.Reader) -> Credentials:
    """What the library has found; what is in an assertion has the form that the signer gave it."""
    manifest, results = reader.get_active_manifest() or {}, reader.get_validation_results() or {}
    failures = [each["code"] for each in results.get("activeManifest", {}).get("failure", ())]
    signature = manifest.get("signature_info", {})
    assertions = {each["label"]: _mapping(each.get("data")) for each in manifest.get("assertions", ())}
    first = _beginning(assertions.get("c2pa.actions.v2", {}).get("actions"))
    return Credentials(
        problems=tuple(code for code in failures if code != _UNTRUSTED),
        trusted=reader.get_validation_state() == "Trusted",
        signer=signature.get("common_name") or signature.get("issuer") or "",
        source_type=str(first.get("digitalSourceType", "")),
        agent=str(_mapping(first.get("softwareAgent")).get("name", "")),
        generation=assertions.get(GENERATION, {}),
    )


def _beginning(actions: Any) -> dict[str, Any]:
    """The action that the clip began with, empty where none is told."""
    told = map(_mapping, actions if isinstance(actions, list) else ())
    return next((each for each in told if each.get("action") in _BEGINNINGS), {})


def _mapping(value: Any) -> dict[str, Any]:
    """The value, if it is a mapping; else an empty one."""
    return value if isinstance(value, dict) else {}
