"""Automations: when, if, then."""
