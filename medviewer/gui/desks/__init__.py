"""Parts of the reader's desk, one for each kind of thing on it; `gui/desk.py` holds them together."""
