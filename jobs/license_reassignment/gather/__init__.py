"""Every name an id: products, people, groups; what the tenant is ready for. Pure."""
