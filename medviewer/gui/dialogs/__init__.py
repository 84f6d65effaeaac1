"""Dialogs; each returns a value."""
