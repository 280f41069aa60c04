"""Spoken digits: the Free Spoken Digit Dataset as 12 mel-frequency cepstral coefficients in 11 slices of time.

Files `<digit>_<speaker>_<number>.wav`, 8 kHz, mono (github.com/Jakobovits/free-spoken-digit-dataset, CC BY-SA 4.0), in
a folder or in a zip. Its authors' split: numbers 0 to 4 of each speaker and digit are the test set. The coefficients
are those of the paper (arXiv:1606.07786, section 5.2, on TIDIGITS, which is not free), computed by kaldi-native-fbank.
"""

import io
import re
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from somaforge.flow.datasets import files as data_files
from somaforge.flow.datasets.base import Dataset, Source
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

COEFFICIENTS, SLICES = 12, 11
RATE_HZ = 8000
TEST_NUMBERS = range(5)
NAME = re.compile(r"(?:^|/)(\d)_([A-Za-z]+)_(\d+)\.wav$")
PLACES = ("fsdd/recordings.zip", "fsdd/recordings", "recordings.zip", "recordings")
HOW = (
    "get the recordings of the Free Spoken Digit Dataset (recordings/*.wav, as a folder or recordings.zip) and name "
    "their folder with --data-dir or SOMAFORGE_DATA"
)
SPEEDS = ((1, 1), (9, 10), (19, 20), (21, 20), (11, 10))
"""Stretch of an augmented recording: longer or shorter by 0, 5 or 10 % (with its pitch)."""
TRIM = 0.06
"""Largest share that augmentation cuts from either end."""
WARP = 0.12
"""Relative spread of the lengths of augmented slices."""
LOW, HIGH = 1, 99
"""Percentiles of the training recordings that become 0 and 1: coefficients have signs, currents have not."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One spoken digit."""

    digit: int
    speaker: str
    number: int
    samples: Floats = field(repr=False)
    """[n] from -1 to 1."""

    @cached_property
    def stretched(self) -> tuple[Floats, ...]:
        """Coefficients [frames, 12] at every speed."""
        from scipy.signal import resample_poly  # takes its time: only who loads the data waits

        return tuple(coefficients(resample_poly(self.samples, up, down)) for up, down in SPEEDS)


def fingerprint(root: Path | None) -> str:
    """Checksum of the recordings; InputError if there are none."""
    return data_files.sha256(_found(root))


def load(root: Path | None) -> Dataset:
    """2,700 and 300 recordings, in the order of digit, speaker and number; InputError if they cannot be had."""
    where = _found(root)
    recordings = _read(where)
    train = [r for r in recordings if r.number not in TEST_NUMBERS]
    test = [r for r in recordings if r.number in TEST_NUMBERS]
    labels = [np.array([r.digit for r in part], dtype=np.int64) for part in (train, test)]
    if any(set(y) != set(range(10)) for y in labels):
        raise InputError(f"{where}: not all digits are in the training and in the test recordings; {HOW}")
    raw = [np.stack([_slices(coefficients(r.samples)) for r in part]) for part in (train, test)]
    low, high = np.percentile(raw[0], [LOW, HIGH], axis=0)

    def scaled(x: Floats) -> Floats:
        values: Floats = np.clip((x - low) / (high - low), 0.0, 1.0)
        return values

    def augmented(generator: np.random.Generator) -> Floats:
        chosen = [r.stretched[generator.integers(len(SPEEDS))] for r in train]
        return scaled(np.stack([_slices(c, _warped(generator)) for c in chosen]))

    return Dataset(
        "fsdd",
        scaled(raw[0]),
        labels[0],
        scaled(raw[1]),
        labels[1],
        tuple(f"slice {s} coefficient {c + 1}" for s in range(SLICES) for c in range(COEFFICIENTS)),
        tuple(str(c) for c in range(10)),
        f"Free Spoken Digit Dataset (CC BY-SA 4.0), {len(train)} and {len(test)} recordings of "
        f"{len({r.speaker for r in recordings})} speakers, numbers 0 to 4 are the test set; {COEFFICIENTS} "
        f"mel-frequency cepstral coefficients in {SLICES} slices of time, percentiles {LOW} and {HIGH} of the training "
        "set become 0 and 1",
        augmented,
    )


FSDD = Source("fsdd", COEFFICIENTS * SLICES, 10, lambda fold, root: load(root), fingerprint)


def coefficients(samples: Floats) -> Floats:
    """Mel-frequency cepstral coefficients 1 to 12, [frames, 12]; frames of 25 ms every 10 ms, 23 mel bands.

    Coefficient 0, the loudness, is left out. A recording shorter than a frame is padded with silence.
    """
    import kaldi_native_fbank

    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = RATE_HZ
    options.frame_opts.dither = 0.0  # otherwise random
    options.use_energy = False
    options.num_ceps = COEFFICIENTS + 1
    frame = round(options.frame_opts.frame_length_ms * RATE_HZ / 1000)
    stream = kaldi_native_fbank.OnlineMfcc(options)
    stream.accept_waveform(RATE_HZ, np.pad(samples, (0, max(0, frame - len(samples)))).astype(np.float32))
    stream.input_finished()
    return np.array([stream.get_frame(i)[1:] for i in range(stream.num_frames_ready)], dtype=float)


def _slices(frames: Floats, edges: Floats | None = None) -> Floats:
    """Mean coefficients between `edges` (shares of the recording's length; equal slices if None), as one row."""
    at = (np.linspace(0.0, 1.0, SLICES + 1) if edges is None else edges) * len(frames)
    whole = np.minimum(at.astype(np.int64), len(frames) - 1)
    below = np.vstack([np.zeros(frames.shape[1]), np.cumsum(frames, axis=0)])
    integral = below[whole] + (at - whole)[:, None] * frames[whole]
    means: Floats = (np.diff(integral, axis=0) / np.diff(at)[:, None]).reshape(-1)
    return means


def _warped(generator: np.random.Generator) -> Floats:
    """Edges of slices of uneven length in a recording with its ends cut."""
    start, end = generator.uniform(0.0, TRIM), 1.0 - generator.uniform(0.0, TRIM)
    lengths = np.exp(WARP * generator.standard_normal(SLICES))
    edges: Floats = start + (end - start) * np.concatenate([[0.0], np.cumsum(lengths) / lengths.sum()])
    return np.minimum(edges, 1.0)


def _found(root: Path | None) -> Path:
    where = data_files.find(root, PLACES)
    if where is None:
        raise InputError(f"fsdd: no recordings{'' if root is None else f' in {root}'}; {HOW}")
    return where


def _read(where: Path) -> list[Recording]:
    try:
        if where.is_dir():
            contents = {p.name: p.read_bytes() for p in where.glob("*.wav")}
        else:
            with zipfile.ZipFile(where) as archive:
                contents = {name: archive.read(name) for name in archive.namelist() if NAME.search(name)}
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{where}: cannot be read ({error}); {HOW}") from None
    found = [_recording(f"{where}: {name}", match, contents[name]) for name in contents if (match := NAME.search(name))]
    if not found:
        raise InputError(f"{where}: holds no <digit>_<speaker>_<number>.wav; {HOW}")
    return sorted(found, key=lambda r: (r.digit, r.speaker, r.number))


def _recording(where: str, match: re.Match[str], content: bytes) -> Recording:
    from scipy.io import wavfile

    try:
        rate, samples = wavfile.read(io.BytesIO(content))
    except (ValueError, EOFError) as error:
        raise InputError(f"{where}: not a WAV file ({error}); {HOW}") from None
    if rate != RATE_HZ or samples.ndim != 1 or samples.dtype != np.int16 or len(samples) == 0:
        raise InputError(f"{where}: must be 8 kHz, mono, 16 bit, and not empty; {HOW}")
    return Recording(int(match[1]), match[2], int(match[3]), samples / 2.0**15)
