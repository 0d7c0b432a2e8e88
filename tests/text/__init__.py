"""Tests of text, in files named as those they test."""
