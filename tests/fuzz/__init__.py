"""Mutated DICOM files, ZIPs and directories: bad input never takes the program down. See `__main__`."""
