"""Tests of web, in files named as those they test."""
