"""Panes that show images."""
