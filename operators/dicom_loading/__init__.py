"""Files to records: which images a study holds, in what order, in what units."""
