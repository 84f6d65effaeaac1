"""Training the bundled models: label maps, synthesis, networks, the loop, export.

Needs the extra ``[train]``. Nothing else in the program imports this package; the
command line starts it as a child process.
"""
