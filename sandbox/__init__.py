"""Stand-ins for every outside service the shop talks to.

One process answers over real HTTP as Printify, Stripe, SendGrid and Brevo would, catches letters by SMTP,
keeps its state in one SQLite file, sends signed webhooks, and can be told to misbehave. It is the demo world of
``make run`` and the wire-level double of the tests. Nothing in ``shop/`` imports it.
"""
