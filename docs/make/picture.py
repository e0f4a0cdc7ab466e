"""Makes docs/report.png: the head of the report of `reseat demo`, as headless Chromium shows it.

python docs/make/picture.py            # some twenty seconds; needs Chromium
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PICTURE: Final = ROOT / "docs" / "report.png"
WINDOW: Final = (1200, 770)
"""Width and height in CSS pixels, at one device pixel each: wide enough for the page's own layout of a desk."""
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def demo(directory: Path) -> Path:
    """Run the demo in an empty directory and return its report; raises CalledProcessError unless it ends with 3."""
    command = [sys.executable, "-m", "jobs", "demo", "--directory", str(directory)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - our own words
    if ended.returncode != 3:
        raise subprocess.CalledProcessError(ended.returncode, command, ended.stdout, ended.stderr)
    return next(directory.glob("runs/*/report.html"))


def photograph(page: Path, picture: Path) -> None:
    """Write the first window of a page as a PNG; raises FileNotFoundError where there is no Chromium."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(f"none of {', '.join(BROWSERS)} is installed")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb")
    size = f"--window-size={WINDOW[0]},{WINDOW[1]}"
    command = [browser, *flags, size, f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own words


def main() -> None:
    """Run the demo in a folder that goes away, and photograph its report."""
    with tempfile.TemporaryDirectory() as folder:
        photograph(demo(Path(folder)), PICTURE)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
