"""The tune under the demo's film: four warm chords and a few plucked notes, made of sines."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

RATE = 24_000
# Each bar holds a chord, low to high, in semitones from A at 110 Hz: F, Am, C, G with sevenths.
CHORDS = ((-4, 8, 12, 15, 19), (0, 7, 12, 15, 22), (3, 10, 14, 19, 22), (-2, 10, 14, 17, 24))
PLUCKS = (2, 4, 3, 1, 4, 2, 3, 4)  # which note of the chord is plucked, each half second


def hertz(semitones: int) -> float:
    """The pitch of a note."""
    return 110.0 * 2 ** (semitones / 12)


def tone(sound: list[float], begin: float, length: float, pitch: float, loud: float) -> None:
    """Add one note; what rings past the end goes on at the beginning, so that the tune loops."""
    first, count = int(begin * RATE), int(length * RATE)
    attack = min(0.5, length * 0.2) if length > 1 else 0.008
    for i in range(count):
        at = i / RATE
        swell = min(1.0, at / attack) * (1 - at / length) ** 2
        wobble = 2 * math.pi * pitch * at
        sound[(first + i) % len(sound)] += (
            loud
            * swell
            * (math.sin(wobble) + 0.25 * math.sin(2 * wobble) + 0.06 * math.sin(3 * wobble))
        )


def write_tune(path: Path, seconds: int) -> None:
    """Write the tune as a WAV file of one channel."""
    sound = [0.0] * (seconds * RATE)
    bar = seconds / len(CHORDS)
    for number, chord in enumerate(CHORDS):
        for note in chord:
            tone(sound, number * bar, bar * 1.35, hertz(note), 0.05)
        for i in range(10):
            note = chord[PLUCKS[i % len(PLUCKS)]] + 12
            tone(sound, number * bar + i * bar / 10, 0.9, hertz(note), 0.045)
    peak = max(map(abs, sound))
    samples = array("h", (int(value / peak * 0.5 * 32_767) for value in sound))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
