"""One self-contained report of a run, made from what the run left."""

from kaogan.report.make import make_report
from kaogan.report.report import Report

__all__ = ["Report", "make_report"]
