"""Django's PostgreSQL, for web processes: a page never waits long for a server that is away or says nothing."""
