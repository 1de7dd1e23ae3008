"""Concentration series to labels of the left ventricle's cavity, its myocardium and the right ventricle."""
