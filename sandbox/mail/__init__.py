"""Mail as the sandbox plays it: an SMTP sink, SendGrid v3, Brevo v3, and one mailbox to read what was sent."""
