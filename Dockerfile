# Tocsin in a container, without chDB: name an OLAP store with TOCSIN_OLAP_STORE, or go without.
#   docker build --tag tocsin:local .
FROM node:24-slim AS build
WORKDIR /opt/tocsin
COPY package.json package-lock.json tsconfig.json ./
COPY scripts ./scripts
RUN sh scripts/setup.sh runtime
COPY web ./web
COPY src ./src
RUN sh scripts/build-web.sh
# What built the page is not needed to serve it; and the image has a Node.js 24 already.
RUN rm -rf node_modules/vite node_modules/rolldown node_modules/@rolldown node_modules/lightningcss* node_modules/@babel \
      node_modules/@preact node_modules/preact node_modules/uplot node_modules/node/bin node_modules/node/node_modules \
      node_modules/.cache web/src web/dev web/public \
  && ln -sf /usr/local/bin/node node_modules/.bin/node

FROM node:24-slim
WORKDIR /opt/tocsin
COPY --from=build /opt/tocsin/node_modules ./node_modules
COPY --from=build /opt/tocsin/web/dist ./web/dist
COPY package.json ./
COPY bin ./bin
COPY src ./src
COPY pipelines ./pipelines
# The root file system may be read-only: /data holds what belongs to this process alone, /tmp what Node.js compiled.
RUN ln -s /opt/tocsin/bin/tocsin /usr/local/bin/tocsin && mkdir /data && chown node:node /data
ENV NODE_ENV=production NODE_COMPILE_CACHE=/tmp/tocsin TOCSIN_OLAP_STORE=none
USER node
WORKDIR /data
EXPOSE 8000
ENTRYPOINT ["tocsin"]
CMD ["--help"]
