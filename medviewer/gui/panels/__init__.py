"""Panels beside the images."""
