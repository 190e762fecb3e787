"""Figures of the whole school: what was issued, spent and lost, what is owed, who has how much.

``model`` works them out of counted transfers, ``keeping`` counts those by the clock, ``service``
puts both together. Nothing here changes what anybody has, and nobody is named.
"""
