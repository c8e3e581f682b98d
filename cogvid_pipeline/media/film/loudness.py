"""Bring clips to the same loudness, by EBU R 128 (ITU-R BS.1770)."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from av.audio.frame import AudioFrame
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph

from cogvid_pipeline.media.film.sound import SAMPLE_RATE, Samples, clip_sound, to_frame

# Louder than that, in true peak, distorts once it is coded: -1 dB of full scale.
_CEILING = 10 ** (-1 / 20)

# What is quieter counts as silence, which nothing makes loud. R 128 gates here.
_SILENCE = -70.0


def gain_to(target: float, path: Path, seconds: float) -> float:
    """By how much to multiply a clip's sound so that it is as loud as `target`, in LUFS.

    It stays below where its peaks would be too loud. Raises MediaError when the clip does not play.
    """
    loudness, peak = measure(clip_sound(path, 0, round(seconds * SAMPLE_RATE)))
    if loudness <= _SILENCE:
        return 1.0
    return min(10 ** ((target - loudness) / 20), max(_CEILING / peak, 1.0))


def measure(samples: Samples) -> tuple[float, float]:
    """The integrated loudness in LUFS, and the true peak as a share of full scale."""
    with TemporaryDirectory() as directory:
        log = Path(directory, "r128")
        _run(samples, log)
        found = dict(
            line.removeprefix("lavfi.r128.").split("=", 1)
            for line in log.read_text(encoding="ascii").splitlines()
            if line.startswith("lavfi.r128.")
        )
    return float(found.get("I", _SILENCE)), float(found.get("true_peak", 0))


def _run(samples: Samples, log: Path) -> None:
    """Have the filter write what it finds; older PyAV gives no other way to it."""
    frame = to_frame(samples)
    graph = Graph()
    graph.link_nodes(
        graph.add_abuffer(format="flt", sample_rate=SAMPLE_RATE, layout="stereo", time_base=frame.time_base),
        graph.add("ebur128", metadata="1", peak="true"),
        graph.add("ametadata", mode="print", file=str(log), direct="1"),
        graph.add("abuffersink"),
    ).configure()
    graph.push(frame)
    graph.push(None)
    with suppress(NothingYet, NothingMore):
        while isinstance(graph.pull(), AudioFrame):
            pass
