"""The tables of the general recipes, and reading any recipe by its ``kind``."""
