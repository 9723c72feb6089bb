"""How fast, beside whom: `python -m bench`."""
