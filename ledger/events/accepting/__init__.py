"""What accepting events asks of the database and writes to it: the hot path of the events room."""
