"""django-rest-knox: a login by Basic credentials without a body, opaque tokens with an ISO 8601 expiry, the scheme `Token`, no refresh."""

from __future__ import annotations

import datetime
import os
import tempfile

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from harness import PASSWORD, USERNAME, Counter, life_secs, serve_wsgi

counter = Counter()
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(tempfile.mkdtemp(), "users.sqlite")}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "knox"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    # A cheap one: a login costs milliseconds instead of half a second.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"], "UNAUTHENTICATED_USER": None},
    REST_KNOX={"TOKEN_TTL": datetime.timedelta(seconds=life_secs())},
    ROOT_URLCONF=__name__,
    USE_TZ=True,
)
django.setup()

# Django wants its settings before these.
from django.contrib.auth import get_user_model  # noqa: E402
from django.urls import path, re_path  # noqa: E402
from knox.models import AuthToken  # noqa: E402
from knox.views import LoginView  # noqa: E402
from rest_framework.authentication import BasicAuthentication  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Login(LoginView):
    authentication_classes = (BasicAuthentication,)

    def dispatch(self, request: object, *args: object, **kwargs: object) -> Response:
        counter.add("login")
        return super().dispatch(request, *args, **kwargs)


class Api(APIView):
    permission_classes = (IsAuthenticated,)

    def dispatch(self, request: object, *args: object, **kwargs: object) -> Response:
        counter.add("api")
        response = super().dispatch(request, *args, **kwargs)
        counter.answer(response.status_code)
        return response

    def get(self, request: object, name: str) -> Response:
        return Response({"name": name})


def revoke_all(request: object) -> JsonResponse:
    AuthToken.objects.all().delete()
    return JsonResponse({})


revoke_all.csrf_exempt = True
urlpatterns = [
    path("login/", Login.as_view()),
    re_path(r"^api/(?P<name>.*)$", Api.as_view()),
    path("_control/revoke-all", revoke_all),
    path("_control/counts", lambda request: JsonResponse(counter.values())),
]

call_command("migrate", verbosity=0)
get_user_model().objects.create_user(USERNAME, password=PASSWORD)
serve_wsgi(get_wsgi_application())
