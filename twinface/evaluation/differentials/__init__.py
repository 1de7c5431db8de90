"""How errors differ between groups of people, as demographic differentials in NIST IR 8280 and FRTE."""
