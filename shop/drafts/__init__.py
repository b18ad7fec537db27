"""Orders that staff compose for a customer: priced as a cart is, paid by a link or at the counter."""
