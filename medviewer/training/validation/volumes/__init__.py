"""Judging models of volumes: synthetic heads, pairs of images and references, structures, volumes and their intervals."""
