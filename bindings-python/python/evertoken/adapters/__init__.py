"""Adapters for HTTP libraries. None is imported before it is asked for."""
