"""Reports: one file each with its columns and ``rows()``; ``render.py`` writes every format from the same rows."""

from attendance.reports.base import Column, Report, Scope, UnableToFindReport, report_named, reports

__all__ = ["Column", "Report", "Scope", "UnableToFindReport", "report_named", "reports"]
