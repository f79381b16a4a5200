# `quackup daemon` in a container. Build: docker build -t quackup . Run: see compose.yaml.
FROM node:24-slim AS build
WORKDIR /src
COPY . .
# What is needed to run the command line, and nothing of tests; `deploy` copies it with its dependencies to one folder.
RUN npx --yes pnpm@12.21.0 install --frozen-lockfile --filter quackup... \
  && npx --yes pnpm@12.21.0 --filter 'quackup...' run build \
  && npx --yes pnpm@12.21.0 --filter quackup deploy --prod /app

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
ENTRYPOINT ["node", "--max-semi-space-size=2", "/app/dist/bin.js"]
CMD ["daemon"]
