"""HTTP: the office of packages (``office``), the page in which one plays (``playing``), its files (``files``)."""
