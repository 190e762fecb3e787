"""A small catalogue of goods for points: stock, orders by a hold, refunds to the same lots."""
