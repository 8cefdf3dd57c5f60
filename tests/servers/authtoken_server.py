"""Django REST framework's own `authtoken`: one permanent token for each user, which every login returns, and the scheme `Token`."""

from __future__ import annotations

from django_app import configure, counting, routes, serve
from harness import life_secs

# It has no lifetime to set.
life_secs()
configure(["rest_framework.authtoken"], "rest_framework.authentication.TokenAuthentication")

# Django wants its settings before these.
from django.urls import path  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.authtoken.views import obtain_auth_token  # noqa: E402


def revoke_all() -> None:
    Token.objects.all().delete()


urlpatterns = routes([path("login/", counting("login", obtain_auth_token))], revoke_all)
serve()
