"""A tenant we own, behind the same HTTP as Microsoft Graph.

`app` and `server` put it on the wire, `api` answers Graph's calls, `licensing` decides as Entra does, `trouble` is what
goes wrong on purpose, `sample` invents tenants, and `tenant` is what they hold.
"""
