"""Recipes of kind ``classification-2d``: learning, tuning, export and package."""
