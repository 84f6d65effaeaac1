"""Intervals, rates, areas under curves and calibration; numbers in, numbers out."""
