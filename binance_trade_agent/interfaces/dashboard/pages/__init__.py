"""One module a page: each has a `PAGE`, and is found by being here."""
