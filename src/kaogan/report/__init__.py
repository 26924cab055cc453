"""What a run was, for people: one self-contained report, made from what really happened."""

from kaogan.report.make import Report, make_report, write_report
from kaogan.report.pdf import write_pdf

__all__ = ["Report", "make_report", "write_pdf", "write_report"]
