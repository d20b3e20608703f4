"""Pages of a PDF as pictures: the one way to PDFium, which runs in the sandbox alone (ADR 28, 53)."""

from media.pdf.pages import MOST_PAGES, PHONE_WIDTH, WIDTHS, Drawn, UnableToDraw, draw

__all__ = ["MOST_PAGES", "PHONE_WIDTH", "WIDTHS", "Drawn", "UnableToDraw", "draw"]
