# A service of one run, built of this repository:
#   docker build -t r4t .
#   docker run -p 7480:7480 -e R4T_API_KEYS=read:$(openssl rand -hex 24) -v ./runs/shop:/data/run r4t

FROM node:22-bookworm-slim AS pack
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
RUN npm ci
COPY . .
RUN npm run build \
  && mkdir /tarballs \
  && npm pack --workspace r4t --workspace @r4t/words --workspace @r4t/wasm --pack-destination /tarballs

FROM node:22-bookworm-slim AS install
# Else onnxruntime-node fetches CUDA files, which this image has no use for.
ENV ONNXRUNTIME_NODE_INSTALL=skip
WORKDIR /app
COPY --from=pack /tarballs /tarballs
# Binaries of other platforms are four fifths of onnxruntime-node.
RUN npm install --no-audit --no-fund /tarballs/*.tgz \
  && node -e "const { rmSync, readdirSync } = require('node:fs'), { platform, arch } = process, bin = 'node_modules/onnxruntime-node/bin/napi-v6'; for (const each of readdirSync(bin)) if (each !== platform) rmSync(bin + '/' + each, { recursive: true }); for (const each of readdirSync(bin + '/' + platform)) if (each !== arch) rmSync(bin + '/' + platform + '/' + each, { recursive: true })"

FROM node:22-bookworm-slim
ENV NODE_ENV=production
COPY --from=install /app /app
# The run; changes of its catalog are journalled there, so the user must be allowed to write.
RUN mkdir -p /data/run && chown node:node /data/run
VOLUME /data/run
# The user "node" of the image, by number, as Kubernetes checks it.
USER 1000
WORKDIR /data
EXPOSE 7480
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7480/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/node_modules/r4t/dist/cli/main.js"]
CMD ["serve", "run", "--host", "0.0.0.0"]
