"""When something happens, and it fits: call an address, write to somebody, tag. A merchant's own small rules."""
