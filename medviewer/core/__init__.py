"""The words of the program: value types, errors, progress. Imports numpy and the standard library alone."""
