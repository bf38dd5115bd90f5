"""The people who use House Helper: a steady load that finds its way as their clients do, by DNS and the regions' edges."""
