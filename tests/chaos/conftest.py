"""A running system for every test that asks for one."""

from pipeline.conftest import pipeline

__all__ = ["pipeline"]
