"""The networks that more than one way of training uses."""
