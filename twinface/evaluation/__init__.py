"""How good it is: figures on people nothing was tuned on, with the counts and intervals they rest on."""
