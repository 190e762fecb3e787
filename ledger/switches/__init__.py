"""The school's own brakes: three switches and a monthly ceiling for discounts.

None of them is in a programme version, and no vote reaches them (DESIGN 7).
"""
