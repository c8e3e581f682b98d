"""Content Credentials, signed and read back with the library that defines them."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.credentials import GENERATION, read
from cogvid_pipeline.provenance.identity import load_identity
from cogvid_pipeline.provenance.labeller import ClipLabeller
from cogvid_pipeline.provenance.signing import sign
from cogvid_pipeline.provenance.trial import TrialIdentity, make_trial_identity
from tests.attempts import make_attempt
from tests.clips import make_clip

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
PROMPT = make_attempt().request["prompt"]


@pytest.fixture(scope="module")
def trial() -> TrialIdentity:
    return make_trial_identity()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip.mp4")


def write_chain(directory: Path, chain: bytes) -> Path:
    path = directory / "chain.pem"
    path.write_bytes(chain)
    return path


def signed(clip: Path, trial: TrialIdentity, attempt: Attempt | None = None, *, name: str = "signed") -> Path:
    """The clip with label and credentials, as `apply` makes it."""
    identity = load_identity(write_chain(clip.parent, trial.chain), trial.key.decode())
    labeller = ClipLabeller(
        "Example Studio", partial(sign, producer="Example Studio", identity=identity, tsa="")
    )
    into = clip.with_name(f"{name}.mp4")
    labeller.write(clip, attempt or make_attempt(), into)
    return into


def active_manifest(path: Path) -> dict[str, Any]:
    """What the library's own reader makes of the file, with none of our code."""
    with c2pa.Reader("video/mp4", io.BytesIO(path.read_bytes())) as reader:
        manifest: dict[str, Any] = reader.get_active_manifest()
        assert reader.get_validation_state() == "Valid"
        return manifest


def assertion(manifest: dict[str, Any], label: str) -> Any:
    return next(each["data"] for each in manifest["assertions"] if each["label"] == label)


def test_the_library_reads_that_a_trained_model_created_the_clip(clip: Path, trial: TrialIdentity) -> None:
    manifest = active_manifest(signed(clip, trial))

    (action,) = assertion(manifest, "c2pa.actions.v2")["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == f"{SOURCE}trainedAlgorithmicMedia"
    assert action["softwareAgent"]["name"] == "cogvideox-3 via geekai"
    assert manifest["claim_generator_info"][0]["name"] == "cogvid-pipeline"


def test_the_credentials_lead_back_to_the_lock_without_the_prompt(clip: Path, trial: TrialIdentity) -> None:
    attempt = make_attempt("walk")

    path = signed(clip, trial, attempt)

    assert assertion(active_manifest(path), GENERATION) == {
        "model": "cogvideox-3",
        "provider": "geekai",
        "task_id": "task-walk",
        "fingerprint": attempt.fingerprint,
        "prompt_sha256": hashlib.sha256(PROMPT.encode()).hexdigest(),
        "clip_sha256": attempt.clip.sha256 if attempt.clip else "",
        "completed_at": attempt.completed_at,
        "producer": "Example Studio",
    }
    assert PROMPT.encode() not in path.read_bytes()


@pytest.mark.parametrize("data", ["text", ["a", "list"], 7], ids=str)
def test_what_others_sign_under_the_same_name_may_have_any_form(
    clip: Path, trial: TrialIdentity, data: Any
) -> None:
    identity = load_identity(write_chain(clip.parent, trial.chain), trial.key.decode())
    info = c2pa.C2paSignerInfo(identity.algorithm, identity.chain, identity.key, None)
    created = {"action": "c2pa.created", "digitalSourceType": f"{SOURCE}digitalCapture"}
    made = {
        "claim_generator_info": [{"name": "somebody else"}],
        "format": "video/mp4",
        "assertions": [
            {"label": "c2pa.actions", "data": {"actions": [created]}},
            {"label": GENERATION, "data": data},
        ],
    }
    with (
        c2pa.Builder.from_json(json.dumps(made)) as builder,
        c2pa.Signer.from_info(info) as signer,
        clip.open("rb") as source,
        clip.with_name("theirs.mp4").open("x+b") as target,
    ):
        builder.sign(signer, "video/mp4", source, target)

    found = read(clip.with_name("theirs.mp4"))

    assert found is not None
    assert (found.problems, found.source_type, found.agent, found.generation) == (
        (),
        f"{SOURCE}digitalCapture",
        "",
        {},
    )


def test_a_preview_is_signed_as_what_a_program_drew(clip: Path, trial: TrialIdentity) -> None:
    found = read(signed(clip, trial, make_attempt(provider="preview")))

    assert found is not None
    assert found.source_type == f"{SOURCE}algorithmicMedia"
    assert found.agent == "cogvid-pipeline preview"


def test_who_vouches_for_the_signer_makes_the_credentials_trusted(clip: Path, trial: TrialIdentity) -> None:
    path = signed(clip, trial)
    stranger = make_trial_identity()

    trusts = {
        anchors: found.trusted
        for anchors in ("", trial.anchor.decode(), stranger.anchor.decode())
        if (found := read(path, anchors=anchors))
    }

    assert list(trusts.values()) == [False, True, False]


def test_one_changed_byte_of_the_pictures_is_noticed(clip: Path, trial: TrialIdentity) -> None:
    path = signed(clip, trial)
    data = bytearray(path.read_bytes())
    data[data.index(b"mdat") + 500] ^= 1
    path.write_bytes(data)

    found = read(path)

    assert found is not None
    assert found.problems == ("assertion.bmffHash.mismatch",)


def test_a_changed_label_is_noticed(clip: Path, trial: TrialIdentity) -> None:
    path = signed(clip, trial)
    path.write_bytes(path.read_bytes().replace(b'"Label":"1"', b'"Label":"0"'))

    found = read(path)

    assert found is not None
    assert found.problems


def test_a_clip_without_credentials_has_none(clip: Path) -> None:
    assert read(clip) is None


def test_what_is_no_video_has_no_credentials_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video, and longer than the head of a box")

    with pytest.raises(CogvidError, match="cannot be read"):
        read(tmp_path / "notes.mp4")


def test_credentials_that_the_vendor_gave_stay_inside(clip: Path, trial: TrialIdentity) -> None:
    vendors = signed(clip, make_trial_identity(), name="theirs")

    path = signed(vendors, trial)

    manifest = active_manifest(path)
    (ingredient,) = manifest["ingredients"]
    (action,) = assertion(manifest, "c2pa.actions.v2")["actions"]
    assert ingredient["active_manifest"] == active_manifest(vendors)["label"]
    assert ingredient["relationship"] == "parentOf"
    assert action["action"] == "c2pa.opened"
    assert read(path, anchors=trial.anchor.decode())


def test_a_clip_that_cannot_be_signed_leaves_nothing_half_done(clip: Path, trial: TrialIdentity) -> None:
    identity = load_identity(write_chain(clip.parent, trial.chain), trial.key.decode())
    nobody = "http://127.0.0.1:9/"
    labeller = ClipLabeller("P", partial(sign, producer="P", identity=identity, tsa=nobody))

    with pytest.raises(CogvidError, match="cannot be signed"):
        labeller.write(clip, make_attempt(), clip.with_name("signed.mp4"))

    assert not list(clip.parent.glob("*.tagged"))


# --- the key and the certificate ----------------------------------------------------------------------


def pem(key: Any, password: bytes = b"") -> str:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)
    return text.decode()


def own_certificate(key: Any, directory: Path, *, days: int = 1) -> Path:
    """A certificate that a key signs for itself; `days` is how long it is good, or has not been."""
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1)
    builder = builder.not_valid_before(now - timedelta(days=9)).not_valid_after(now + timedelta(days=days))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return write_chain(directory, builder.sign(key, algorithm).public_bytes(Encoding.PEM))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ec.generate_private_key(ec.SECP521R1()), "es512"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
    ],
)
def test_the_key_decides_on_the_algorithm(tmp_path: Path, key: Any, algorithm: str) -> None:
    assert load_identity(own_certificate(key, tmp_path), pem(key)).algorithm == algorithm


def test_the_key_may_lie_in_a_file(tmp_path: Path, trial: TrialIdentity) -> None:
    (tmp_path / "key.pem").write_bytes(trial.key)

    assert load_identity(write_chain(tmp_path, trial.chain), str(tmp_path / "key.pem")).key == trial.key


KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("/nowhere/key.pem", "the file that COGVID_SIGNING_KEY names cannot be read"),
        ("MIGHAgEAMBMGByqGSM49" * 20, "the file that COGVID_SIGNING_KEY names cannot be read"),
        ("-----BEGIN PRIVATE KEY-----\nMIGHAg", "what COGVID_SIGNING_KEY names is no private key"),
        (pem(KEY, b"secret"), "the key in COGVID_SIGNING_KEY has a passphrase"),
        (pem(KEY), "the key in COGVID_SIGNING_KEY is not that of the first certificate"),
    ],
)
def test_a_key_that_cannot_be_used_is_said_without_showing_it(
    tmp_path: Path, trial: TrialIdentity, setting: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        load_identity(write_chain(tmp_path, trial.chain), setting)

    assert setting.splitlines()[-1] not in f"{caught.value}{caught.value.hint}"


def test_the_key_is_not_in_what_is_printed_of_an_identity(tmp_path: Path, trial: TrialIdentity) -> None:
    identity = load_identity(write_chain(tmp_path, trial.chain), trial.key.decode())

    assert "PRIVATE" not in repr(identity) + repr(trial)


def test_a_kind_of_key_that_c2pa_does_not_know_is_refused(tmp_path: Path) -> None:
    for key in (dsa.generate_private_key(2048), ec.generate_private_key(ec.SECP256K1())):
        with pytest.raises(UsageError, match="cannot be signed with the kind of key"):
            load_identity(own_certificate(key, tmp_path), pem(key))


def test_a_certificate_that_has_run_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="which is not now"):
        load_identity(own_certificate(KEY, tmp_path, days=-1), pem(KEY))


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used as a certificate"):
        load_identity(write_chain(tmp_path, b"-----BEGIN CERTIFICATE-----\nx"), pem(KEY))


def test_the_test_certificate_says_what_it_is_and_does_not_last(trial: TrialIdentity) -> None:
    leaf, authority = x509.load_pem_x509_certificates(trial.chain)

    assert "not for real use" in leaf.subject.rfc4514_string()
    assert leaf.not_valid_after_utc - datetime.now(UTC) < timedelta(days=31)
    assert authority.public_bytes(Encoding.PEM) == trial.anchor
    leaf.verify_directly_issued_by(authority)


def test_the_credentials_are_json_that_anybody_can_read(clip: Path, trial: TrialIdentity) -> None:
    with c2pa.Reader("video/mp4", io.BytesIO(signed(clip, trial).read_bytes())) as reader:
        assert json.loads(reader.json())["validation_state"] == "Valid"
