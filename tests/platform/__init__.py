"""Tests of platform, in files named as those they test."""
