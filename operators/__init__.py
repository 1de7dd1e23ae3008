"""The rooms of the perfusion chain, one step each."""
