"""Intervals, rates, areas under curves, overlap and calibration; numbers in, numbers out."""
