"""Tests of the front end, by stage."""
