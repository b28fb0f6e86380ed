"""Operators' and clients' commands; the only place that prints or exits."""
