"""Training and judging models: a room for each kind of recipe, and below them what they share.

``docs/training.md`` says what is in which room. Needs the extra ``[train]``. Nothing else in
the program imports this package; the command line starts it as a child process.
"""
