"""Make the demo's film: draw every frame with Chromium, set a tune under it, encode both.

Only who changes the film runs this; it needs Chromium, Playwright's Python package and ffmpeg
(``apt-get install chromium ffmpeg``), and takes about two minutes::

    .venv/bin/python -m scripts.demo_clip.make            # shop/demo/clip.webm and poster.webp
    .venv/bin/python -m scripts.demo_clip.make --still 3.5 frame.png

The scene is ``scene.html``; ``scene.js`` draws it for a moment in time and knows no clock, so
the film is the same every time it is made.
"""

from __future__ import annotations

import argparse
import base64
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scripts.demo_clip.tune import write_tune

HERE = Path(__file__).parent
DEMO = HERE.parent.parent / "shop" / "demo"
WIDTH, HEIGHT = 720, 1280
SECONDS, RATE = 20, 25
# What lies behind a product in its catalogue picture; the film has a room of its own.
BACKDROP = re.compile(
    r"<(?:rect|circle|ellipse)[^>]*url\(#(?:ground|disc|shade)\)[^>]*/>"
    r'|<g fill="#fff" fill-opacity="\.75" stroke="#7fb8cc".*?</g>'  # drops beside the bottle
)
FILM = ["-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-b:v", "0", "-crf", "38", "-g", "75"]
FILM += ["-deadline", "good", "-cpu-used", "2", "-row-mt", "1", "-auto-alt-ref", "1"]
TUNE = ["-c:a", "libopus", "-b:a", "32k", "-ac", "1"]
# The index stands at the front: a player can seek before it has read the whole file.
FILE = ["-cues_to_front", "1", "-fflags", "+bitexact", "-flags", "+bitexact"]


def cut_out(drawing: Path) -> str:
    """The product alone, as a data URI."""
    svg = BACKDROP.sub("", drawing.read_text(encoding="utf-8"))
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


@contextmanager
def scene() -> Iterator[Page]:
    """The scene, furnished, in a window of the film's size."""
    pictures = {path.stem: cut_out(path) for path in (DEMO / "pictures").glob("*.svg")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--allow-file-access-from-files"],
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto((HERE / "scene.html").as_uri())
        page.evaluate(
            "async (pictures) => { window.film = await import('./scene.js');"
            " window.film.furnish(pictures); }",
            pictures,
        )
        page.evaluate("window.film.draw(0)")
        page.wait_for_timeout(500)  # the pictures of the room are decoded by then
        yield page
        browser.close()


def frame(page: Page, seconds: float) -> bytes:
    """The film's picture at that moment, as PNG."""
    page.evaluate("(seconds) => window.film.draw(seconds)", seconds)
    return page.screenshot(animations="allow")


def ffmpeg(*arguments: str, given: Iterable[bytes] = ()) -> None:
    """Run ffmpeg and write to it what it is given, piece by piece."""
    command = ["ffmpeg", "-y", "-loglevel", "error", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603  our own
        assert process.stdin is not None  # noqa: S101  asked for above
        for piece in given:
            process.stdin.write(piece)
        process.stdin.close()
    if process.returncode:
        raise SystemExit(process.returncode)


def encode(page: Page, film: Path) -> None:
    """Draw all frames, without loss at first; then encode them in two passes."""
    with tempfile.TemporaryDirectory() as folder:
        drawn, tune, notes = (str(Path(folder) / name) for name in ("drawn.mkv", "a.wav", "notes"))
        write_tune(Path(tune), SECONDS)
        frames = (frame(page, number / RATE) for number in range(SECONDS * RATE))
        source = ("-f", "image2pipe", "-c:v", "png", "-framerate", str(RATE), "-i", "-")
        ffmpeg(*source, "-c:v", "ffv1", drawn, given=frames)
        passes = [*FILM, "-passlogfile", notes]
        ffmpeg("-i", drawn, *passes, "-pass", "1", "-an", "-f", "null", "-")
        ffmpeg("-i", drawn, "-i", tune, *passes, "-pass", "2", *TUNE, *FILE, str(film))


def main() -> None:
    """Make the film and its poster, or one still of it."""
    parser = argparse.ArgumentParser(description="Make the demo's film.")
    parser.add_argument("--still", nargs="+", metavar=("SECONDS", "FILE"))
    asked = parser.parse_args()
    with scene() as page:
        if asked.still:
            for seconds in asked.still[:-1]:
                path = Path(asked.still[-1].replace("%", seconds))
                path.write_bytes(frame(page, float(seconds)))
            return
        encode(page, DEMO / "clip.webm")
        first = frame(page, 0)
    poster = str(DEMO / "poster.webp")
    ffmpeg("-f", "png_pipe", "-i", "-", "-c:v", "libwebp", "-quality", "80", poster, given=[first])


if __name__ == "__main__":
    main()
