"""Who may edit what in Wagtail's admin: an organiser, the courses of their own part of the tree, and nothing else.

Rights come from the dated role grants at the moment of the request, never from Wagtail's groups, so that a withdrawn
role ends at the next click. Wagtail asks in three places: the auth backend (may they enter), the page's permission
tester and policy (which pages), and the policies of pictures and documents.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Substr
from wagtail.models import Collection, GroupCollectionPermission, Page
from wagtail.models.pages import PagePermissionTester
from wagtail.permission_policies.collections import CollectionOwnershipPermissionPolicy
from wagtail.permission_policies.pages import PagePermissionPolicy

from cms.belonging import OWNER, UNIT, UPLOADERS
from organizations.belonging import theirs
from organizations.models import Node, Role
from organizations.permissions import has_role, rules_the_whole_tree, visible_nodes

# Whoever works in the back office; what they find there is each app's own question.
OFFICE = (Role.ORGANISER, Role.LECTURER, Role.OPERATOR)
EDITORS = (Role.ORGANISER,)
COURSE_DEPTH = 3  # root, shelf, course
EDITING = frozenset({"add", "change", "publish", "bulk_delete", "lock", "unlock"})


class OfficeBackend(BaseBackend):
    """Lets those who hold an office role today into the admin. Signs nobody in."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return perm == "wagtailadmin.access_admin" and has_role(user_obj, *OFFICE)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return app_label == "wagtailadmin" and has_role(user_obj, *OFFICE)


def editable_nodes(user: Any) -> QuerySet[Node]:
    """Return the organisations for which a person may write courses."""
    return Node.objects.order_by("path") if _rules_all(user) else visible_nodes(user, *EDITORS)


def may_edit_at(user: Any, node: Node) -> bool:
    """Say whether a person may write courses for that organisation."""
    return _rules_all(user) or has_role(user, *EDITORS, node=node)


def _rules_all(user: Any) -> bool:
    return bool(getattr(user, "is_superuser", False) and user.is_active)


class CourseTester(PagePermissionTester):
    """A person's rights on a course, lesson or learning path: all of an editor's inside their subtree, none outside."""

    def __init__(self, user: Any, page: Page, node: Node | None) -> None:
        super().__init__(user, page)
        self.permissions = set(EDITING) if node is not None and may_edit_at(user, node) else set()

    def can_set_view_restrictions(self) -> bool:
        return False  # who sees a course says where it is given, and the page's address is nobody's


class ShelfTester(PagePermissionTester):
    """A person's rights on the shelf itself: editors put courses there, nobody changes the shelf."""

    def __init__(self, user: Any, page: Page) -> None:
        super().__init__(user, page)
        self.permissions: set[str] = set()
        self.is_editor = _rules_all(user) or has_role(user, *EDITORS)

    def can_add_subpage(self) -> bool:
        return self.is_editor

    def can_publish_subpage(self) -> bool:
        return self.is_editor

    def can_reorder_children(self) -> bool:
        return False


class CoursePagePolicy(PagePermissionPolicy):
    """Which pages the admin lists, finds and lets choose: the courses of one's own subtree, and the way to them."""

    def get_all_permissions_for_user(self, user: Any) -> list[Any]:
        return []

    def user_has_any_permission(self, user: Any, actions: Iterable[str]) -> bool:
        return _rules_all(user) or (bool(EDITING & set(actions)) and has_role(user, *EDITORS))

    def user_has_any_permission_for_instance(self, user: Any, actions: Iterable[str], instance: Any) -> bool:
        return _rules_all(user) or bool(set(actions) & instance.permissions_for_user(user).permissions)

    def instances_user_has_any_permission_for(self, user: Any, actions: Iterable[str]) -> QuerySet[Any]:
        if _rules_all(user):
            return self.model.objects.all()
        return self._courses(user) if EDITING & set(actions) else self.model.objects.none()

    def instances_with_direct_explore_permission(self, user: Any) -> Any:
        if _rules_all(user):
            return super().instances_with_direct_explore_permission(user)
        return list(self._shelf()) if has_role(user, *EDITORS) else []

    def explorable_instances(self, user: Any) -> QuerySet[Any]:
        if _rules_all(user):
            return self.model.objects.all()
        if not has_role(user, *EDITORS):
            return self.model.objects.none()
        shelf = self.model.objects.filter(pk__in=[page.pk for page in self._shelf()])
        return self._courses(user, or_else=Q(pk__in=shelf.values("pk")))

    def _shelf(self) -> QuerySet[Page]:
        return Page.objects.filter(content_type__app_label="cms", content_type__model="courseindexpage")

    def _courses(self, user: Any, or_else: Q | None = None) -> QuerySet[Any]:
        """Courses and learning paths of the user's units, and lessons, by the first steps of the page's path."""
        nodes = editable_nodes(user).order_by()
        is_own = Q(coursepage__node__in=nodes) | Q(pathpage__node__in=nodes)
        courses = Page.objects.filter(is_own, depth=COURSE_DEPTH)
        steps = Value(COURSE_DEPTH * Page.steplen)
        pages = Page.objects.order_by().alias(course_path=Substr("path", 1, steps))
        inside = Q(course_path__in=courses.values("path"))
        found = pages.filter(inside | or_else if or_else is not None else inside)
        # By key, because the search can narrow a question about columns only.
        return self.model.objects.filter(pk__in=found.values("pk"))


class LibraryPolicy(CollectionOwnershipPermissionPolicy):
    """Pictures and documents: organisers and lecturers add them; whose each is says ``organizations.belonging``.

    To everybody else it does not exist.
    """

    @property
    def permission_cache_name(self) -> str:
        # Wagtail remembers the rights on the user object, under one name for pictures and documents.
        return f"_{self.model_name}_permissions"

    def get_all_permissions_for_user(self, user: Any) -> list[GroupCollectionPermission]:
        actions = ("add", "choose") if has_role(user, *UPLOADERS) else ()
        if rules_the_whole_tree(user):
            actions = (*actions, "change", "choose")
        root = Collection.get_first_root_node()
        return [
            GroupCollectionPermission(
                pk=-number,
                collection=root,
                permission=Permission(codename=self._get_permission_codenames([action]).pop()),
            )
            for number, action in enumerate(actions, start=1)
        ]

    def _get_permission_codenames(self, actions: Iterable[str]) -> set[str]:
        return {f"{action}_{self.model_name}" for action in actions}

    def user_has_any_permission_for_instance(self, user: Any, actions: Iterable[str], instance: Any) -> bool:
        return self.instances_user_has_any_permission_for(user, actions).filter(pk=instance.pk).exists()

    def instances_user_has_any_permission_for(self, user: Any, actions: Iterable[str]) -> QuerySet[Any]:
        found: QuerySet[Any] = self.model.objects.all()
        if _rules_all(user):
            return found
        works = has_role(user, *UPLOADERS) or rules_the_whole_tree(user)
        if not works or not {"change", "choose", "delete"} & set(actions):
            return found.none()
        own = self.model.objects.filter(theirs(user, owner=OWNER, node=UNIT, roles=UPLOADERS))
        # By key, because the search can narrow a question about columns only.
        return found.filter(pk__in=own.order_by().values("pk"))
