"""Pages of the ledger, by subject: today, one's own records, the secretary's branch, its forms and exports."""
