# ruff: noqa: E501 - one drawing a line
"""What every page's shell draws: icons as inline SVG (no request, no font), and words for a phone number."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# 24 x 24 outlines. Always beside words, never alone, so each is hidden from readers.
ICONS: dict[str, str] = {
    "today": '<rect x="3.5" y="5" width="17" height="15.5" rx="2.5"/><path d="M3.5 10h17M8 2.5v4M16 2.5v4M8 15l2.6 2.5L16 13"/>',
    "courses": '<path d="M12 6.5C10 5 7 4.5 3.5 4.5v14c3.5 0 6.5.5 8.5 2 2-1.5 5-2 8.5-2v-14C17 4.5 14 5 12 6.5zM12 6.5v14"/>',
    "live": '<rect x="2.5" y="6" width="13" height="12" rx="2.5"/><path d="M15.5 10.5l6-3v9l-6-3"/>',
    "branch": '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.8a3.5 3.5 0 0 1 0 6.4M17.5 14.3c2.5.6 4 2.6 4 5.7"/>',
    "me": '<circle cx="12" cy="8" r="4"/><path d="M4 21c0-4.5 3.5-7 8-7s8 2.5 8 7"/>',
    "phone": '<path d="M6 3h3.5l1.5 5-2.3 1.6a12 12 0 0 0 5.7 5.7L16 13l5 1.5V18a3 3 0 0 1-3.2 3C10 20.5 3.5 14 3 6.2A3 3 0 0 1 6 3z"/>',
    "check": '<path d="M4.5 12.5l5 5 10-11"/>',
    "warning": '<path d="M12 3.5L2.5 20h19zM12 10v4.5M12 17.2v.1"/>',
    "offline": '<path d="M3 3l18 18M5 10a11 11 0 0 1 3.5-2.2M12 6.7c2.7 0 5.2 1 7.2 2.9M8.3 13.5a5.5 5.5 0 0 1 3.7-1.4M12 18.2v.1"/>',
    "book": '<path d="M5 3.5h12.5v17H7a2 2 0 0 1-2-2zM5 18.5a2 2 0 0 1 2-2h10.5M9 7.5h5"/>',
    "calendar": '<rect x="3.5" y="5" width="17" height="15.5" rx="2.5"/><path d="M3.5 10h17M8 2.5v4M16 2.5v4"/>',
    "sound": '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11"/>',
    "download": '<path d="M12 4v11M7 10.5l5 5 5-5M4.5 20h15"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.5l3.5 2"/>',
    "upload": '<path d="M12 20V9M7 13.5l5-5 5 5M4.5 4h15"/>',
    "hand": '<path d="M7 12V6.5a1.5 1.5 0 0 1 3 0V11m0-6a1.5 1.5 0 0 1 3 0v6m0-4.5a1.5 1.5 0 0 1 3 0V12m0-2.5a1.5 1.5 0 0 1 3 0V15c0 4-2.5 6.5-6 6.5-3 0-4.5-1.5-6-4l-2.5-4.2a1.5 1.5 0 0 1 2.5-1.6L8 13"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5l5 5"/>',
    "clipboard": '<rect x="4.5" y="4.5" width="15" height="16.5" rx="2.5"/><path d="M9 3h6v3.5H9zM8 11h8M8 15.5h5"/>',
    "screen": '<rect x="3" y="4" width="18" height="12.5" rx="2"/><path d="M12 16.5V20M8 20.5h8M7 8.5h6M7 12h9"/>',
    "eye": '<path d="M2 12c2.5-4.5 6-7 10-7s7.5 2.5 10 7c-2.5 4.5-6 7-10 7s-7.5-2.5-10-7z"/><circle cx="12" cy="12" r="3"/>',
}  # fmt: skip


@register.simple_tag
def icon(name: str) -> SafeString:
    """The named icon as inline SVG, sized by the text around it; an unknown name draws nothing."""
    if name not in ICONS:
        return mark_safe("")
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">{}</svg>',
        mark_safe(ICONS[name]),  # noqa: S308 - our own constants
    )


@register.filter
def language_tag(code: str) -> str:
    """Return a language as browsers spell it: Django's zh-hans is zh-Hans."""
    language, _dash, script = code.partition("-")
    return f"{language}-{script.title()}" if script else language


# What a button of allauth's pages may be called that is not the one thing to do on its page.
QUIET = {"outline", "secondary", "link", "cancel", "minor"}


@register.filter
def is_quiet(tags: str) -> bool:
    """Whether the tags of one of allauth's buttons make it a quiet one."""
    return any(word in (tags or "") for word in QUIET)
