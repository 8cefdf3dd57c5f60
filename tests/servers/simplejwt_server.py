"""djangorestframework-simplejwt on Django: a JSON login, refresh by a JSON route of its own, JWTs without a word about their life."""

from __future__ import annotations

import datetime
import secrets

from django_app import configure, counting, routes, serve
from harness import PASSWORD, life_secs

configure(
    ["rest_framework_simplejwt.token_blacklist"],
    "rest_framework_simplejwt.authentication.JWTAuthentication",
    SECRET_KEY=secrets.token_hex(32),
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": datetime.timedelta(seconds=life_secs()),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "CHECK_REVOKE_TOKEN": True,
    },
)

# Django wants its settings before these.
from django.contrib.auth import get_user_model  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView  # noqa: E402


def revoke_all() -> None:
    """With CHECK_REVOKE_TOKEN a token dies with the password hash it was made under; a new salt gives the same password another hash."""
    user = get_user_model().objects.get()
    user.set_password(PASSWORD)
    user.save()


urlpatterns = routes(
    [
        path("token/", counting("login", TokenObtainPairView.as_view())),
        path("token/refresh/", counting("refresh", TokenRefreshView.as_view())),
    ],
    revoke_all,
)
serve()
