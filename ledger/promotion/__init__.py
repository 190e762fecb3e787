"""What members got for spreading the word, by person and year: what authorities may ask for."""
