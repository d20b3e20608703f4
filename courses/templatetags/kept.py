"""The words of the island that keeps lessons on the phone."""

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from courses.saving import kept_words

register = template.Library()


@register.simple_tag
def kept_data() -> SafeString:
    """Write the island's words as a JSON script element (strict CSP: no inline code)."""
    return json_script(kept_words(), "kept-words")
