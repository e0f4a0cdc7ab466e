"""Everything outside: the tenant, its files and its people. Never imports `jobs`."""
