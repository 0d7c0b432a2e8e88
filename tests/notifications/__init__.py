"""Tests of notifications, in files named as those they test."""
