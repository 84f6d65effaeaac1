"""DICOM objects that are not images: one file a kind, reading and writing together."""
