"""Measures budgets B1 to B8 of the design: `python -m bench`, or `python -m bench b1`.

Every budget is a ratio to a bare server that runs beside littlechat in the same run, on the same
machine, under the same load generator. Nothing here is a test, and nothing asserts a time.
"""
