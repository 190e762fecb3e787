"""Delivery over HTTP: the application, its routers, and how requests and errors are spoken."""
