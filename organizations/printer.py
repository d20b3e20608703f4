"""A process of its own that makes one PDF: HTML on its standard input, the PDF on its standard output. No Django here.

``organizations.printing`` starts it. WeasyPrint takes 36 MB once it is imported, tells Pillow to read torn pictures in
the whole process, and lays out whatever it is given, however long that takes: none of that belongs into a process that
serves pages.
"""

import logging
import resource
import sys
from typing import Any

from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetchingError

MOST_MEMORY = 2 * 2**30


class _Nothing(URLFetcher):
    """Refuses every address: what a printed page needs stands in it (styles, SVG)."""

    def fetch(self, url: str, headers: Any = None) -> Any:
        raise URLFetchingError(f"a printed page asks for {url[:80]}")


def main() -> None:
    """Print what comes in."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    logging.basicConfig(level=logging.WARNING)
    html = sys.stdin.buffer.read().decode()
    sys.stdout.buffer.write(HTML(string=html, url_fetcher=_Nothing()).write_pdf())


if __name__ == "__main__":
    main()
