"""The commands of the window: the table of them, and the Qt actions made from it."""
