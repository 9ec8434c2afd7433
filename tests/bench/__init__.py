"""What a look costs, beside other ways to look, in one run: `python -m tests.bench`."""
