"""Somebody who listens to the shop's webhooks."""
