"""How good a model is, whether its heatmaps mean anything, and how far its probabilities and volumes can be trusted.

`pictures`, `volumes` and `heatmaps` measure, one thing a file: a metric, a test, a reader of one kind of data. `run` puts
them together into `figures.Figures`, from which `tables` (what is printed), the card and the plots are made. Needs the extra
``[train]``; the command line starts it as a child process (``python -m medviewer.training.validation``).
"""
