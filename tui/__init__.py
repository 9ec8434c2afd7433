"""The terminal program: command line, screens and widgets."""
