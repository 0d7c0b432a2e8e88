"""Tests of files, in files named as those they test."""
