"""Training on a machine with a graphics card that is there for minutes: packed data in, one command in pieces, weights out.

`pack` is done at home. Everything that ``python -m medviewer.training.sprint`` imports needs PyTorch, numpy and SciPy alone.
"""
