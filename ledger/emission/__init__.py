"""Points that come into being day by day, and the pools they go to."""
