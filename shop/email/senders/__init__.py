"""Ways a letter leaves: SMTP, SendGrid, Brevo. Chosen by the EMAIL_PROVIDER setting."""

from __future__ import annotations

from config import Config
from shop.email.senders.brevo import BrevoSender
from shop.email.senders.envelope import Envelope, Sender
from shop.email.senders.smtp import SmtpSender


def sender_for(config: Config) -> Sender:
    """The configured sender."""
    if config.email_provider == "sendgrid":
        from shop.email.senders.sendgrid import SendGridSender  # their library takes a second to load

        return SendGridSender(config.sendgrid_api_key, config.sendgrid_base_url)
    if config.email_provider == "brevo":
        return BrevoSender(config.brevo_api_key, config.brevo_base_url)
    return SmtpSender(config.smtp_host, config.smtp_port, config.smtp_user, config.smtp_password, config.smtp_tls)


__all__ = ["Envelope", "Sender", "sender_for"]
