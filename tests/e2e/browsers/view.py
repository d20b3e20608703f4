#!/usr/bin/python3
"""A phone's WebKitGTK for WebKitWebDriver, run by Debian's own Python, which alone has the bindings.

WebKit's MiniBrowser has a toolbar that makes no window narrower than 447 px, and speaks no Chinese; this is a window
of one view of 360 x 740 and nothing else. ``PHONE_SCRIPT`` names what runs before every page's own scripts.
"""

import os
from pathlib import Path

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402

SCRIPT = Path(os.environ["PHONE_SCRIPT"]).read_text(encoding="utf-8")


def make_view(session: WebKit2.AutomationSession) -> WebKit2.WebView:
    scripts = WebKit2.UserContentManager()
    frames, start = WebKit2.UserContentInjectedFrames.TOP_FRAME, WebKit2.UserScriptInjectionTime.START
    scripts.add_script(WebKit2.UserScript(SCRIPT, frames, start, None, None))
    view = WebKit2.WebView(web_context=context, user_content_manager=scripts, is_controlled_by_automation=True)
    view.connect("close", lambda _: Gtk.main_quit())
    window = Gtk.Window(default_width=360, default_height=740)
    window.add(view)
    window.show_all()
    return view


def started(_: WebKit2.WebContext, session: WebKit2.AutomationSession) -> None:
    info = WebKit2.ApplicationInfo()
    info.set_name("phone")
    session.set_application_info(info)
    session.connect("create-web-view", make_view)


context = WebKit2.WebContext.new_with_website_data_manager(WebKit2.WebsiteDataManager.new_ephemeral())
context.set_preferred_languages(["zh-CN"])
context.set_automation_allowed(True)
context.connect("automation-started", started)
Gtk.main()
