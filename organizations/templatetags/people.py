"""Words for people, units and what the access log holds (``organizations/sentences``)."""

from django import template

from organizations.sentences import access, directory

register = template.Library()
register.filter("read_by", access.read_by)
register.filter("read_about", access.whom)
register.filter("read_details", access.details)
register.filter("read_at", access.when)
register.filter("about_unit", directory.about_unit)
register.filter("wants_secretary", directory.wants_secretary)
register.filter("ending_of", directory.ending_of)
register.filter("place_of", directory.place_of)
register.filter("numbers_of", directory.numbers_of)
register.filter("period", directory.period)
register.filter("held", directory.held)
register.filter("first_names", directory.first_names)
register.filter("changed_by", directory.changed_by)
