#!/usr/bin/env python
"""Django's command line for 指尖上的课堂."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from organizations import places


def main() -> None:
    """Run a command. A setting that is wrong is told in one sentence: whoever writes settings reads no stack."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"设置不对，没有运行。{error}\n请改 {places.setting()}，再运行一次。\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
