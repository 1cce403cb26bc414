"""The services' own shop on real parts, for the mechanisms that scenarios rest on."""

from tests.services.conftest import running_shop, shop

__all__ = ["running_shop", "shop"]
