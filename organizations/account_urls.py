"""The sign-in pages: allauth's own views, but only those that a house without e-mail and open sign-up has."""

from allauth.account import views as account
from django.contrib.auth.decorators import login_required
from django.urls import path

from organizations.views import account as own
from organizations.views import elsewhere, factors, links

urlpatterns = [
    path("login/", own.login, name="account_login"),
    path("login/code/", own.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", own.confirm_login_code, name="account_confirm_login_code"),
    path("link/<str:token>/", links.sign_in_link, name="sign_in_link"),
    path("with/<slug:provider_id>/", elsewhere.start, name="account_start"),
    path("with/<slug:provider_id>/callback/", elsewhere.callback, name="account_callback"),
    # The names that allauth looks its own pages up by.
    path("factor/", factors.factors, name="mfa_index"),
    path("factor/sign-in/", factors.authenticate, name="mfa_authenticate"),
    path("factor/confirm/", factors.confirm, name="factor_confirm"),
    path("factor/app/", factors.add_app, name="factor_app"),
    path("factor/passkey/", factors.add_passkey, name="factor_passkey"),
    path("factor/codes/", factors.codes, name="factor_codes"),
    path("factor/<int:factor_id>/end/", factors.end, name="factor_end"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("reauthenticate/", own.reauthenticate, name="account_reauthenticate"),
    path("password/change/", own.password_change, name="account_change_password"),
    # Or whoever holds somebody's phone for a minute proved themselves by a password that they set.
    path("password/set/", login_required(factors.fresh(own.password_set)), name="account_set_password"),
]
