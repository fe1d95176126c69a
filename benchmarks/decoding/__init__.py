"""Who takes a vendor's messages apart: the vendor's own parser in an environment of its own, and ours in this one."""
