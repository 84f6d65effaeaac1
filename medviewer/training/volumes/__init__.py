"""Recipes of kind ``segmentation-3d``: learning, export and package."""
