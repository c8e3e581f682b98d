"""Sign Content Credentials (C2PA) into a clip, and read them back; only a time stamp uses the network."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import c2pa

from cogvid_pipeline import __version__
from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.identity import Identity
from cogvid_pipeline.provenance.statement import TOOL, generation, software_agent, source_type

# The specification has labels of one's own begin with a domain, of which the project has none.
GENERATION = "com.example.cogvid.generation"

_MP4 = "video/mp4"
_UNTRUSTED = "signingCredential.untrusted"
_OFFLINE = {"ocsp_fetch": False, "remote_manifest_fetch": False}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a clip's credentials say, and whether they hold.

    `problems` has codes of C2PA, and none when clip and credentials are as they were signed. `trusted` tells
    whether the signer is known; `generation` is what `statement.generation` said.
    """

    problems: tuple[str, ...]
    trusted: bool
    signer: str
    source_type: str
    agent: str
    generation: dict[str, Any] = field(default_factory=dict)


def sign(clip: Path, attempt: Attempt, into: Path, *, producer: str, identity: Identity, tsa: str) -> None:
    """Write a copy of the clip with signed credentials; `tsa` is a time-stamping authority, or empty.

    Raises CogvidError.
    """
    manifest = {
        "claim_generator_info": [{"name": TOOL, "version": __version__}],
        "title": "clip.mp4",
        "format": _MP4,
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [_created(attempt)]}},
            {"label": GENERATION, "data": {**generation(attempt), "producer": producer}},
        ],
    }
    try:
        with (
            _context({}) as context,
            c2pa.Builder.from_json(json.dumps(manifest), context) as builder,
            c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(identity.algorithm, identity.chain, identity.key, tsa or None)
            ) as signer,
            clip.open("rb") as source,
            into.open("x+b") as target,
        ):
            builder.sign(signer, _MP4, source, target)
    except c2pa.C2paError as error:
        raise CogvidError(f"the clip cannot be signed: {error}") from error


def read(clip: Path, *, anchors: str = "") -> Credentials | None:
    """The credentials in a file, None where there are none.

    `anchors` are certificates in PEM that are trusted. Raises CogvidError when they cannot be read.
    """
    trust = {"trust": {"trust_anchors": anchors}} if anchors else {}
    try:
        with _context(trust) as context, clip.open("rb") as file:
            reader = c2pa.Reader.try_create(_MP4, file, context=context)
            if reader is None:
                return None
            with reader:
                return _made_out(reader)
    except c2pa.C2paError as error:
        raise CogvidError(f"the credentials of {clip} cannot be read: {error}") from error


def _created(attempt: Attempt) -> dict[str, Any]:
    return {
        "action": "c2pa.created",
        "digitalSourceType": source_type(attempt),
        "softwareAgent": software_agent(attempt),
    }


def _made_out(reader: c2pa.Reader) -> Credentials:
    manifest, results = reader.get_active_manifest() or {}, reader.get_validation_results() or {}
    failures = [each["code"] for each in results.get("activeManifest", {}).get("failure", ())]
    signature = manifest.get("signature_info", {})
    assertions = {each["label"]: each["data"] for each in manifest.get("assertions", ())}
    actions = assertions.get("c2pa.actions.v2", {}).get("actions", ())
    created: dict[str, Any] = next((each for each in actions if each.get("action") == "c2pa.created"), {})
    return Credentials(
        problems=tuple(code for code in failures if code != _UNTRUSTED),
        trusted=reader.get_validation_state() == "Trusted",
        signer=signature.get("common_name") or signature.get("issuer") or "",
        source_type=created.get("digitalSourceType", ""),
        agent=created.get("softwareAgent", {}).get("name", ""),
        generation=assertions.get(GENERATION, {}),
    )


def _context(more: dict[str, Any]) -> c2pa.Context:
    settings = {"verify": _OFFLINE, "builder": {"thumbnail": {"enabled": False}}, **more}
    return c2pa.Context(c2pa.Settings.from_dict(settings))
