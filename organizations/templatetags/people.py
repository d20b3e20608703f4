"""Words for what the access log holds (``organizations/sentences/access.py``)."""

from django import template

from organizations.sentences import access

register = template.Library()
register.filter("read_by", access.who)
register.filter("read_about", access.whom)
register.filter("read_details", access.details)
