"""Tests of core, in files named as those they test."""
