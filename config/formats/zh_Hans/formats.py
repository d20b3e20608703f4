"""Dates in Chinese: no leading zero, 3月5日."""

MONTH_DAY_FORMAT = "n月j日"
