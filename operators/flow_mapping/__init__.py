"""Myocardial blood flow of every pixel."""
