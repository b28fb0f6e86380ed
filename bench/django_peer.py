"""django-ca with its REST interface, in an environment of its own that is made in the run's folder from the package index.

It runs as its guide has it behind gunicorn, with a worker per core, and with what spares it work that has nothing to do with
certifying: passwords are hashed cheaply, since it looks at one with every call, and its database's connections are kept.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import load, machine
from bench.beside import Beside
from bench.peers import OverHttp, rows
from bench.postgres import Postgres
from bench.server import Failed, free_port

PACKAGES = ("django-ca[api]==3.2.0", "gunicorn", "psycopg[binary]")
_THREADS = 4
_INSTALL_WITHIN = 300.0
_CURVE = "secp256r1"
_USER = "measured"
_SETTINGS = """\
SECRET_KEY = "made up, for measuring only, and of no use to anybody"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_ca"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": {port}, "USER": "{user}", "NAME": "{name}",
    "CONN_MAX_AGE": None,
}}}}
_FILES = "django.core.files.storage.FileSystemStorage"
STORAGES = {{"default": {{"BACKEND": _FILES}}, "django-ca": {{"BACKEND": _FILES, "OPTIONS": {{"location": "{folder}/keys"}}}}}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "measured_urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CA_ENABLE_REST_API = True
CA_USE_CELERY = False
CA_DEFAULT_HOSTNAME = "127.0.0.1"
"""
_URLS = 'from django.urls import include, path\n\nurlpatterns = [path("django_ca/", include("django_ca.urls"))]\n'
_WSGI = "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n"
_FOUND = f"""\
import django
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django_ca.models import CertificateAuthority
call_command("migrate", verbosity=0)
options = ["--key-type=EC", "--elliptic-curve={_CURVE}", "--api-enable", "--output-format=none"]
call_command("init_ca", *options, "Measured", "CN=Measured")
user = get_user_model().objects.create_user("{_USER}", password="{_USER}")
user.user_permissions.add(Permission.objects.get(codename="sign_certificate"))
print(CertificateAuthority.objects.get().serial)
"""


@contextmanager
def django_ca(folder: Path, requests: Sequence[str], names: Sequence[str], database: Postgres) -> Iterator[OverHttp]:
    """Its signing of requests for names, over HTTP. Raises Failed where the package index does not give it."""
    folder.mkdir(mode=0o700)
    python = _environment(folder / "venv")
    name = database.new_database().rpartition("/")[2]
    for file, content in (
        ("measured.py", _SETTINGS.format(port=database.port, user=database.user, name=name, folder=folder)),
        ("measured_urls.py", _URLS),
        ("measured_wsgi.py", _WSGI),
        ("found.py", _FOUND),
    ):
        (folder / file).write_text(content)
    variables = {"DJANGO_SETTINGS_MODULE": "measured", "PYTHONPATH": str(folder)}
    serial = _said([str(python), str(folder / "found.py")], variables).split()[-1]
    version = _said([str(python), "-c", "import django_ca; print(django_ca.__version__)"], variables).strip()
    port = free_port()
    options = f"--workers {machine.cores()} --worker-class gthread --threads {_THREADS} --no-control-socket".split()
    command = [str(python), "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}", "measured_wsgi"]
    calls = (_call(serial, request, subject) for request, subject in zip(requests, names, strict=True))
    with Beside(command, port, folder / "log", variables) as server:
        server.start()
        yield OverHttp(
            f"django-ca {version}",
            f"EC {_CURVE}",
            "HTTP, PostgreSQL",
            server.address,
            calls,
            per_call=1,
            count=lambda: rows(database, name, "django_ca_certificate"),
        )


def _call(serial: str, request: str, name: str) -> bytes:
    body = {"csr": request, "subject": [{"oid": "2.5.4.3", "value": name}], "profile": "client"}
    proof = base64.b64encode(f"{_USER}:{_USER}".encode()).decode()
    headers = {"Authorization": f"Basic {proof}"}
    return load.post(f"/django_ca/api/ca/{serial}/sign/", "application/json", json.dumps(body).encode(), headers=headers)


def _environment(folder: Path) -> Path:
    """A virtual environment with nothing of the product's. Returns its interpreter."""
    _said([sys.executable, "-m", "venv", str(folder)], {})
    python = folder / "bin" / "python"
    _said([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], {})
    return python


def _said(command: Sequence[str], variables: Mapping[str, str]) -> str:
    given = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(
            command,
            env=given | dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_INSTALL_WITHIN,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command[1:4])} took more than {_INSTALL_WITHIN:.0f} s") from error
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[1:4])} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout
