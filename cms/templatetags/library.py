"""Filters of the library's pages."""

from django.template import Library

from cms.listings import whose

register = Library()
register.filter(whose)
