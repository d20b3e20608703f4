"""The shelf of courses stands wherever a site begins, and is made once."""

import pytest
from wagtail.models import Collection, Locale, Page, Site, Workflow, WorkflowPage

from cms.operations import ensure_shelf

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def test_a_site_without_any_page_gets_roots_shelf_and_address() -> None:
    for model in (Site, Page, Collection, Locale):
        model.objects.all().delete()
    shelf = ensure_shelf()
    assert (shelf.title, shelf.get_parent().specific_class) == ("课程目录", Page)
    site = Site.objects.get()
    assert (site.is_default_site, site.root_page_id) == (True, shelf.pk)
    assert Collection.get_first_root_node() is not None
    assert ensure_shelf() == shelf
    assert (Page.objects.count(), Collection.objects.count(), Site.objects.count()) == (2, 1, 1)


def test_wagtails_own_welcome_page_makes_room_for_the_shelf() -> None:
    for model in (Site, Page):
        model.objects.all().delete()
    root = Page.add_root(instance=Page(title="Root", slug="root"))
    welcome = root.add_child(instance=Page(title="Welcome to your new Wagtail site!", slug="home"))
    Site.objects.create(hostname="localhost", root_page=welcome, is_default_site=True)
    shelf = ensure_shelf()
    assert Site.objects.get().root_page_id == shelf.pk
    assert not Page.objects.filter(slug="home").exists()


def test_a_shelf_without_a_review_gets_one() -> None:
    """A database that was emptied has none; the next start makes it."""
    Workflow.objects.all().delete()
    shelf = ensure_shelf()
    assert WorkflowPage.objects.get().page_id == shelf.pk
    assert ensure_shelf() == shelf
    assert Workflow.objects.count() == 1
