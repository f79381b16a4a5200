# `quackup daemon` in a container. Build: docker build -t quackup . Run: see compose.yaml.
FROM node:24-slim AS build
WORKDIR /src
COPY . .
# The command line's packages as they would be published, installed as anybody would install them.
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --filter quackup... \
  && npx --yes pnpm@12.21.0 --filter-prod 'quackup...' run build \
  && npx --yes pnpm@12.21.0 --filter-prod 'quackup...' exec pnpm pack --pack-destination /packed \
  && npm install --prefix /app --omit=dev --no-audit --no-fund /packed/*.tgz

FROM node:24-slim
COPY --from=build /app /app
# State (locks, logs, when the last run began) outlives the container in a volume.
RUN mkdir -p /state /backups /data && chown node:node /state /backups
ENV XDG_STATE_HOME=/state
VOLUME ["/state", "/backups"]
# The configuration is /data/quackup.yaml, beside the databases.
WORKDIR /data
USER node
EXPOSE 9797
HEALTHCHECK --interval=1m --timeout=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9797/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=2", "/app/node_modules/quackup/dist/bin.js"]
CMD ["daemon"]
