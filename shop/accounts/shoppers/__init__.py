"""Accounts of customers: rules and changes. None of these commits."""
