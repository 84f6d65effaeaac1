"""Numerics on volumes: windowing, reslicing, resampling, standardising, measuring, NIfTI."""
