"""The only place that names concrete classes: one module a process, each loading only what it needs."""
