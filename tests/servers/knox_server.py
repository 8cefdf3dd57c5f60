"""django-rest-knox: a login by Basic credentials without a body, opaque tokens with an ISO 8601 expiry, the scheme `Token`, no refresh."""

from __future__ import annotations

import datetime

from django_app import configure, counting, routes, serve
from harness import life_secs

configure(["knox"], "knox.auth.TokenAuthentication", REST_KNOX={"TOKEN_TTL": datetime.timedelta(seconds=life_secs())})

# Django wants its settings before these.
from django.urls import path  # noqa: E402
from knox.models import AuthToken  # noqa: E402
from knox.views import LoginView  # noqa: E402
from rest_framework.authentication import BasicAuthentication  # noqa: E402


class Login(LoginView):
    authentication_classes = (BasicAuthentication,)


def revoke_all() -> None:
    AuthToken.objects.all().delete()


urlpatterns = routes([path("login/", counting("login", Login.as_view()))], revoke_all)
serve()
