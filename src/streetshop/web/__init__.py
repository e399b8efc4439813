"""The HTTP API and the page. ``create_app`` makes the ASGI application, ``bind`` and ``serve`` run it."""

from streetshop.web.app import create_app
from streetshop.web.security import ApiKey, check_bind
from streetshop.web.server import bind, log_to_stderr, serve
from streetshop.web.settings import Settings

__all__ = ["ApiKey", "Settings", "bind", "check_bind", "create_app", "log_to_stderr", "serve"]
