"""`make bench`: what the shop costs, as fractions of a bare Flask "hello" measured right beside it."""
