"""The plain commands, one subject a file. They say on stdout what was asked for, everything else on stderr."""
