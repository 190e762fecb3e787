"""Who was kept from taking part, by whom and why; the words apart, so that they can go."""
