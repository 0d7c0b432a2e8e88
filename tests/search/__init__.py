"""Tests of search, in files named as those they test."""
