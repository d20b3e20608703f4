"""Sessions in the database, as Django keeps them, but for what a changed SECRET_KEY does to their names."""

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends import db
from django.utils.crypto import constant_time_compare


class SessionStore(db.SessionStore):
    """A session that a former key signed (SECRET_KEY_FALLBACKS) keeps its name.

    Django renames it when somebody first asks whose it is, in a row that is empty until the session middleware saves
    it. The guard before large bodies and ``/readyz`` have no such middleware, of two requests at once the second would
    find nothing, and whoever ends sessions by their names (``organizations.operations.sessions``) would miss it.
    """

    def cycle_key(self) -> None:
        """At signing in and with another password the name changes, as ever."""
        if self._is_of_a_former_key():
            self.modified = True  # the hash by the new key is saved under the same name
        else:
            super().cycle_key()

    def _is_of_a_former_key(self) -> bool:
        said = self.get(HASH_SESSION_KEY, "")
        user = get_user_model().objects.filter(pk=self[SESSION_KEY]).first() if said else None
        return user is not None and any(
            constant_time_compare(said, former) for former in user.get_session_auth_fallback_hash()
        )
