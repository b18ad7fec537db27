"""Any system of a merchant's own, which posts signed orders to an address of ours."""
