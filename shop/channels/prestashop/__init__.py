"""PrestaShop by its webservice: contracts/prestashop.md, written against 8.x and 9.x."""
