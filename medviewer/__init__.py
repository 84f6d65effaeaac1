"""A desktop viewer for DICOM studies that runs segmentation and classification models beside the images."""

__version__ = "0.1.0"
