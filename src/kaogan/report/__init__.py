"""One self-contained report of a run, made from what the run left."""

from kaogan.report.make import Report, make_report
from kaogan.report.pdf import write_pdf

__all__ = ["Report", "make_report", "write_pdf"]
