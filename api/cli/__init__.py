"""The command line `vklad`: thin doors to use cases, one module a room."""
