"""Judging models of pictures: tables of labels, scores, masks, shortcuts, and whether heatmaps mean anything."""
