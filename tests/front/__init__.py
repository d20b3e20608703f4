"""The site as it is installed: real nginx with TLS, pages by granian, sockets by uvicorn, Redis."""
