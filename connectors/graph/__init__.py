"""Microsoft Graph through msgraph-sdk and azure-identity."""
