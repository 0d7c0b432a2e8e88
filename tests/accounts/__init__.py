"""Tests of accounts, in files named as those they test."""
