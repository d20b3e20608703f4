"""``make faults``: the table of faults and promises, with real processes. One JSON line a promise."""
