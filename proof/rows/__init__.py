"""The rows of the fault table, by what fails. A row is a fault and the claims that must hold under it."""
