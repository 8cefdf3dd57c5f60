"""Runs the vectors of tests/vectors; their README is the specification."""
