# The product as images (docs/zh/容器.md): "app" is every part of it, "nginx" and "turn" stand in front of it.
# Packages come from deploy/packages*.txt, everything else from the locks, by the set-up of a server (deploy/setup.sh).
# DEBIAN is Debian 12 and nothing else; DEBIAN_MIRROR, PIP_INDEX_URL and npm_config_registry name other servers to fetch from.
ARG DEBIAN=debian:12-slim

FROM ${DEBIAN} AS system
ARG DEBIAN_MIRROR
COPY deploy/packages.txt deploy/packages-app.txt deploy/packages-server.txt deploy/image/packages.sh /usr/local/lib/fingertip/
RUN /usr/local/lib/fingertip/packages.sh /usr/local/lib/fingertip/packages.txt /usr/local/lib/fingertip/packages-app.txt
# Its number is fixed: files of secrets and volumes belong to it. www-data is nginx's, which sends films itself (FILES_GROUP).
RUN groupadd --gid 10001 fingertip \
 && useradd --uid 10001 --gid fingertip --groups www-data --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin fingertip \
 && install -d -m 710 -o fingertip -g www-data /var/lib/fingertip \
 && install -d -m 700 -o fingertip -g fingertip /var/backups/fingertip \
 && install -d -m 2750 -o fingertip -g www-data /run/fingertip

FROM system AS build
ARG PIP_INDEX_URL
ARG npm_config_registry
RUN /usr/local/lib/fingertip/packages.sh /usr/local/lib/fingertip/packages-server.txt -- python3-venv
WORKDIR /opt/fingertip/current
# Node only makes the front end: in an environment of its own, which the last stage does not get.
COPY requirements-node.txt ./
COPY deploy/install-lock.sh deploy/
RUN python3 -m venv /opt/node && deploy/install-lock.sh /opt/node/bin/python requirements-node.txt
COPY . .
RUN PATH=/opt/node/bin:$PATH deploy/setup.sh run \
 && .venv/bin/python -m compileall -q -x '/(\.venv|node_modules)/' . \
 && rm -rf frontend/node_modules /root/.cache /root/.npm

FROM ${DEBIAN} AS nginx
ARG DEBIAN_MIRROR
COPY deploy/packages-app.txt deploy/packages-server.txt deploy/image/packages.sh /usr/local/lib/fingertip/
RUN /usr/local/lib/fingertip/packages.sh /usr/local/lib/fingertip/packages-app.txt /usr/local/lib/fingertip/packages-server.txt -- nginx-light curl \
 && ln -sf /dev/stdout /var/log/nginx/fingertip.access.log && ln -sf /dev/stderr /var/log/nginx/fingertip.error.log
WORKDIR /opt/fingertip/current
COPY deploy deploy
COPY --from=build /opt/fingertip/current/staticfiles staticfiles
USER www-data
CMD ["deploy/image/nginx.sh"]

FROM ${DEBIAN} AS turn
ARG DEBIAN_MIRROR
COPY deploy/packages-server.txt deploy/image/packages.sh /usr/local/lib/fingertip/
RUN /usr/local/lib/fingertip/packages.sh /usr/local/lib/fingertip/packages-server.txt -- coturn
WORKDIR /opt/fingertip/current
COPY deploy deploy
USER 10001:10001
CMD ["deploy/image/turn.sh"]

FROM system AS app
COPY --from=build /opt/fingertip/current /opt/fingertip/current
WORKDIR /opt/fingertip/current
ENV LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 VAR_DIR=/var/lib/fingertip
USER fingertip
ENTRYPOINT ["deploy/start.sh"]
CMD ["sockets", "1"]
