"""Meterhouse: an open smart-metering system for electricity and gas."""

__all__ = ["__version__"]

__version__ = "0.1.0"
