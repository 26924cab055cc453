"""One self-contained report of a run, made from what the run left."""

from kaogan.report.html import Report
from kaogan.report.make import make_report

__all__ = ["Report", "make_report"]
