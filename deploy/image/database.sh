#!/bin/bash
# Once, as PostgreSQL's image makes its data (docker-entrypoint-initdb.d): the site's own role and database, as
# deploy/install.sh makes them. CREATEDB: a trial restore makes a database of its own. The password by standard input.
set -euo pipefail
psql -qAtX -v ON_ERROR_STOP=1 --username postgres --no-password <<SQL
SET log_min_duration_statement = -1;
SET log_min_error_statement = panic;
CREATE ROLE fingertip LOGIN NOSUPERUSER CREATEDB NOCREATEROLE PASSWORD '$(cat /run/secrets/database_password)';
CREATE DATABASE fingertip OWNER fingertip ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0;
REVOKE ALL ON DATABASE fingertip FROM PUBLIC;
SQL
