"""The certificate chain that a manifest names: a PEM file beside it, with no key in it."""

from pathlib import Path

from cogvid_pipeline.manifest.mistakes import Mistake

MAX_BYTES = 100_000


def check_certificate(path: str, root: Path) -> Mistake | None:
    """What keeps the chain from being used; `root` is the manifest's directory, resolved."""
    if not (problem := _problem(path, root)):
        return None
    why, hint = problem
    return Mistake("CV427", f"{path} {why}", ("provenance", "certificate"), hint)


def _problem(path: str, root: Path) -> tuple[str, str] | None:
    ask = "name the PEM file with your certificate and those above it"
    try:
        real = (root / path).resolve()
        if not real.is_relative_to(root):
            return "lies outside the manifest's directory", "copy the certificate into it; it is no secret"
        if not real.is_file():
            return "is not there, or is not a file", ask
        with real.open("rb") as file:
            data = file.read(MAX_BYTES)
    except (OSError, RuntimeError, ValueError):
        return "cannot be read", "check the path and the permissions"
    if b"PRIVATE KEY-----" in data:
        return "has a private key in it", "take it out of the project, and name it in COGVID_SIGNING_KEY"
    return None if b"-----BEGIN CERTIFICATE-----" in data else ("is no certificate in PEM format", ask)
