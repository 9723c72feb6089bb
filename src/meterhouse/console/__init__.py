"""web pages and REST API"""

from meterhouse.console.api import API_PATH, build_api
from meterhouse.console.application import build_app
from meterhouse.console.origin_guard import OriginGuard
from meterhouse.console.problem import Problem, problem_of
from meterhouse.console.server import LOOPBACK, serve

__all__ = ["API_PATH", "LOOPBACK", "OriginGuard", "Problem", "build_api", "build_app", "problem_of", "serve"]
