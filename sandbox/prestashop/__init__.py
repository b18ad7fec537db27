"""A PrestaShop shop with its XML webservice, as contracts/prestashop.md tells it: keys, filters, quirks."""
