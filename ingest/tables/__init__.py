"""Tables of a page: found, cut into cells, made into chunks."""
