"""A double of Stripe (API v1 as SDK 16.1.0 speaks it) with its hosted payment page. Source: contracts/stripe.md."""
