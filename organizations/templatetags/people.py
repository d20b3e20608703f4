"""Words for what the access log holds (``organizations/access_words.py``)."""

from django import template

from organizations import access_words

register = template.Library()
register.filter("read_by", access_words.who)
register.filter("read_about", access_words.whom)
register.filter("read_details", access_words.details)
