"""DICOM in and out: scanning, grouping, decoding, volumes, and the objects that are written."""
