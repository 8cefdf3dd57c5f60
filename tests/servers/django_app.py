"""What the Django servers share: a database with one user, an API that wants a token, and the routes that the tests control them by."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, JsonResponse
from harness import PASSWORD, USERNAME, Counter, serve_wsgi

counter = Counter()


def configure(apps: list[str], authentication: str, **more: object) -> None:
    """Sets Django up with these further apps. Models and views can be imported only after this."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(tempfile.mkdtemp(), "users.sqlite")}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", *apps],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        # A cheap hash: a login takes milliseconds instead of half a second.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [authentication], "UNAUTHENTICATED_USER": None},
        ROOT_URLCONF="__main__",
        USE_TZ=True,
        **more,
    )
    django.setup()


def routes(login_routes: list[object], revoke_all: Callable[[], None]) -> list[object]:
    """The URL patterns: the login's, the API's, and those that the tests control the server by."""
    from django.urls import path, re_path
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Api(APIView):
        permission_classes = (IsAuthenticated,)

        def dispatch(self, request: object, *args: object, **kwargs: object) -> Response:
            counter.add("api")
            response = HttpResponse(status=401) if counter.take("refusals") else super().dispatch(request, *args, **kwargs)
            counter.answer(response.status_code)
            return response

        def get(self, request: object, name: str) -> Response:
            return Response({"name": name})

    def revoke(request: object) -> JsonResponse:
        revoke_all()
        return JsonResponse({})

    def refuse(request: object) -> JsonResponse:
        """Has the API refuse the next requests, so many, whatever their token: as in a deployment."""
        counter.add("refusals", int(request.GET["next"]))
        return JsonResponse({})

    revoke.csrf_exempt = refuse.csrf_exempt = True
    return [
        *login_routes,
        re_path(r"^api/(?P<name>.*)$", Api.as_view()),
        path("_control/revoke-all", revoke),
        path("_control/refuse", refuse),
        path("_control/counts", lambda request: JsonResponse(counter.values())),
    ]


def counting(kind: str, view: Callable[[object], HttpResponse]) -> Callable[[object], HttpResponse]:
    """The view, with its requests counted."""

    def counted(request: object) -> HttpResponse:
        counter.add(kind)
        return view(request)

    counted.csrf_exempt = True
    return counted


def serve() -> None:
    """Creates the database and its user, then serves until the process ends."""
    from django.contrib.auth import get_user_model

    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user(USERNAME, password=PASSWORD)
    serve_wsgi(get_wsgi_application())
