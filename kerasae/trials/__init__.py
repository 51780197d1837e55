"""Trials: run in parallel, on one machine or many, and recorded so that none is lost."""
