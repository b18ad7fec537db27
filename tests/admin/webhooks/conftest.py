from tests.webhook_delivery.conftest import noon, post

__all__ = ["noon", "post"]
