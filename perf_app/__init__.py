"""The application: one command from a cardiac perfusion MRI study to a report."""

from importlib.metadata import version

__version__ = version("perf_app")
