"""LV cavity, myocardium and RV, by the bundle's network."""
