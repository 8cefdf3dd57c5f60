"""djangorestframework-simplejwt on Django: a JSON login, refresh by a JSON route of its own, JWTs without a word about their life."""

from __future__ import annotations

import datetime
import os
import secrets
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
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "rest_framework_simplejwt.token_blacklist"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    # A cheap one: a login costs milliseconds instead of half a second.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(32),
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": datetime.timedelta(seconds=life_secs()),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
        "CHECK_REVOKE_TOKEN": True,
    },
    USE_TZ=True,
)
django.setup()

# Django wants its settings before these.
from django.contrib.auth import get_user_model  # noqa: E402
from django.urls import path, re_path  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView  # noqa: E402


class Api(APIView):
    permission_classes = (IsAuthenticated,)

    def dispatch(self, request: object, *args: object, **kwargs: object) -> Response:
        counter.add("api")
        response = super().dispatch(request, *args, **kwargs)
        counter.answer(response.status_code)
        return response

    def get(self, request: object, name: str) -> Response:
        return Response({"name": name})


def counting(kind: str, view: object) -> object:
    def counted(request: object) -> object:
        counter.add(kind)
        return view(request)

    counted.csrf_exempt = True
    return counted


def revoke_all(request: object) -> JsonResponse:
    """With CHECK_REVOKE_TOKEN a token dies with the password hash it was made under; the same password has another by its new salt."""
    user = get_user_model().objects.get()
    user.set_password(PASSWORD)
    user.save()
    return JsonResponse({})


revoke_all.csrf_exempt = True
urlpatterns = [
    path("token/", counting("login", TokenObtainPairView.as_view())),
    path("token/refresh/", counting("refresh", TokenRefreshView.as_view())),
    re_path(r"^api/(?P<name>.*)$", Api.as_view()),
    path("_control/revoke-all", revoke_all),
    path("_control/counts", lambda request: JsonResponse(counter.values())),
]

call_command("migrate", verbosity=0)
get_user_model().objects.create_user(USERNAME, password=PASSWORD)
serve_wsgi(get_wsgi_application())
