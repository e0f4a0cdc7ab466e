"""Invented tenants of any size, and the products that they are made of."""
