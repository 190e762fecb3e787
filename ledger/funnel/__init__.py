"""From the first visit to the first vote: what brought people, and how far each of them came."""
