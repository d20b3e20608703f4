"""``python -m tests.e2e.pages.screenshots [BASE_URL [OUT_DIR [NAME …]]]``: pictures of every page of the tour.

Three of each: a phone (360 x 740), a desk (1280 x 800), a phone in elder mode. Without BASE_URL a demonstration is
started; OUT_DIR is docs/screenshots/ unless given.
"""

import io
import os
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import BrowserContext, TimeoutError

from tests.e2e.pages.browser import DESK, PHONE, ROOT, Tourist, chromium, open_quietly
from tests.e2e.pages.demo import site
from tests.e2e.pages.tour import AUTHORS, TOUR, Stop

TALLEST = 2400
COLOURS = 128
VIEWS: dict[str, dict[str, Any]] = {
    "360": {"viewport": PHONE, "is_mobile": True, "has_touch": True},
    "1280": {"viewport": DESK},
    "360-elder": {"viewport": PHONE, "is_mobile": True, "has_touch": True, "elder": True},
}


def picture(context: BrowserContext, url: str, target: Path) -> int:
    """Photograph the whole page (up to TALLEST px) into a palette PNG; return the answer's status."""
    page = context.new_page()
    status = open_quietly(page, url)
    size = page.viewport_size or PHONE
    tall = int(page.evaluate("document.documentElement.scrollHeight"))
    # A window as tall as the page: the bars that stick to its edges then stand where they belong.
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(tall, TALLEST))})
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    shot.quantize(colors=COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(target, optimize=True)
    page.close()
    return status


def photograph(tourist: Tourist, stop: Stop, folder: Path) -> list[str]:
    """Make the stop's pictures; return what was not as expected."""
    wrong: list[str] = []
    try:
        url = tourist.address(stop)
    except (LookupError, TimeoutError) as error:
        return [f"{stop.name}: not found ({str(error).splitlines()[0]})"]
    for view, options in VIEWS.items():
        if stop.admin and view == "360-elder":
            continue
        with tourist.visiting(stop.account, **options) as context:
            status = picture(context, url, folder / f"{stop.name}-{view}.png")
        if status != stop.status:
            wrong.append(f"{stop.name}: {url} answered {status}")
    return wrong


def main(arguments: list[str]) -> int:
    if arguments:
        os.environ["BASE_URL"] = arguments[0]
    folder = Path(arguments[1]) if len(arguments) > 1 else ROOT / "docs/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    names = set(arguments[2:])
    wrong: list[str] = []
    with site() as base, chromium() as browser:
        tourist = Tourist(browser, base)
        for stop in TOUR + AUTHORS:
            if not names or stop.name in names:
                wrong += photograph(tourist, stop, folder)
                sys.stderr.write(f"{stop.name}\n")
    for line in sorted(set(wrong)):
        sys.stderr.write(line + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
