"""The control plane: everything people and agents may see and do, in one place."""
