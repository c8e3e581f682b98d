"""Who signs: a certificate chain from the project and the private key from the environment."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.provenance.variables import SIGNING_KEY

_OF_CURVE = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What signs, in PEM; `algorithm` as C2PA calls it."""

    algorithm: str
    chain: bytes
    key: bytes = field(repr=False)


def load_identity(chain: Path, setting: str) -> Identity:
    """Who signs with this chain and the key that the variable holds, or names the file of.

    Raises UsageError when the two cannot be used together. What the variable says is never repeated.
    """
    key = _read_key(setting)
    try:
        pem = chain.read_bytes()
        leaf = x509.load_pem_x509_certificates(pem)[0]
    except (OSError, ValueError) as error:
        raise UsageError(f"{chain} cannot be used as a certificate") from error
    if _public(leaf.public_key()) != _public(key.public_key()):
        raise UsageError(
            f"the key in {SIGNING_KEY} is not that of the first certificate in {chain}",
            hint="the file begins with your own certificate; those above it follow",
        )
    _check_time(leaf, chain)
    return Identity(
        _algorithm(key), pem, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )


def _read_key(setting: str) -> PrivateKeyTypes:
    ask = "give the path of a PEM file with a private key that has no passphrase, or its text"
    try:
        pem = setting.encode() if "-----BEGIN" in setting else Path(setting).read_bytes()
    except (OSError, ValueError):
        raise UsageError(f"the file that {SIGNING_KEY} names cannot be read", hint=ask) from None
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        raise UsageError(f"the key in {SIGNING_KEY} has a passphrase", hint=ask) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"what {SIGNING_KEY} names is no private key", hint=ask) from None


def _algorithm(key: PrivateKeyTypes) -> str:
    match key:
        case ec.EllipticCurvePrivateKey() if key.curve.name in _OF_CURVE:
            return _OF_CURVE[key.curve.name]
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case rsa.RSAPrivateKey():
            return "ps256"
        case _:
            raise UsageError(
                f"Content Credentials cannot be signed with the kind of key in {SIGNING_KEY}",
                hint="use one on the curve P-256, P-384 or P-521, Ed25519, or RSA",
            )


def _check_time(leaf: x509.Certificate, chain: Path) -> None:
    if not leaf.not_valid_before_utc <= datetime.now(UTC) <= leaf.not_valid_after_utc:
        raise UsageError(
            f"the certificate in {chain} is valid from {leaf.not_valid_before_utc:%Y-%m-%d} "
            f"to {leaf.not_valid_after_utc:%Y-%m-%d}, which is not now",
            hint="get a new one, or take `certificate` out of the manifest to go on without",
        )


def _public(key: object) -> bytes:
    encoded: bytes = key.public_bytes(  # type: ignore[attr-defined]  # all kinds of keys have it
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return encoded
