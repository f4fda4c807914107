# batchd's image; docs/container.md says how to run it.
#
#     docker build -t batchd .
#     docker build -t batchd --build-arg TESTS=ON .     runs all tests first: an image whose tests fail can't be made

# --- build: what tools/setup installs, ccache, and the release build --------------------------------------------------
FROM debian:bookworm-slim AS build
WORKDIR /src
# By itself, so that a change of the sources doesn't install the compiler again.
COPY tools/setup tools/
RUN tools/setup package && apt-get update -qq && apt-get install -y -qq --no-install-recommends ccache >/dev/null
COPY . .
# Compilers at a time, each up to a gigabyte; empty: one for each processor.
ARG JOBS=
RUN --mount=type=cache,target=/root/.cache/ccache \
    cmake --preset release -DBATCHD_TESTS=OFF -DBATCHD_WERROR=ON \
    && cmake --build --preset release -j "${JOBS:-$(nproc)}" --target batchd batchctl gemini-emulator \
    && ccache --show-stats

# --- test: with TESTS=ON, what is shipped passes its tests -----------------------------------------------------------
# The last stage takes its files from this one: else a builder that sees nothing of use in it would leave it out.
FROM build AS test
ARG TESTS=OFF
ARG JOBS=
RUN --mount=type=cache,target=/root/.cache/ccache \
    case "$TESTS" in \
      ON) BATCHD_JOBS="$JOBS" tools/check release ;; \
      OFF) echo "image: tests: SKIPPED: TESTS isn't ON" ;; \
      *) echo "image: TESTS is ON or OFF, not $TESTS" >&2; exit 64 ;; \
    esac
RUN BATCHD_JOBS="$JOBS" tools/package

# --- the image -------------------------------------------------------------------------------------------------------
FROM debian:bookworm-slim
# The package, as on any Debian. Its user is made before it would make it, with numbers that are a promise: the rights to
# volumes and to the socket depend on them (docs/container.md). Of systemd only what makes users and folders is needed.
# (Copied, not mounted: not every builder sees that what it would mount has changed.)
COPY --from=test /src/build/package/batchd_*.deb /tmp/batchd.deb
RUN groupadd --gid 10001 batchd \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/batchd --no-create-home --shell /usr/sbin/nologin batchd \
    && apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
       ca-certificates systemd-standalone-sysusers systemd-standalone-tmpfiles /tmp/batchd.deb \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/* /var/cache/ldconfig/* /var/log/*.log \
       /var/log/apt /tmp/batchd.deb

ARG TESTS=OFF
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="batchd" \
      org.opencontainers.image.description="A durable local queue in front of batch LLM APIs" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="debian:bookworm-slim" \
      batchd.tests="$TESTS"
ENV HOME=/var/lib/batchd LANG=C.UTF-8 TZ=UTC
USER 10001:10001
WORKDIR /var/lib/batchd
VOLUME /var/lib/batchd /run/batchd
STOPSIGNAL SIGTERM
# batchctl gives up after 5 s. A database that is being migrated may keep batchd from answering for minutes.
HEALTHCHECK --interval=15s --timeout=6s --start-period=5m --retries=3 CMD ["batchctl", "health"]
ENTRYPOINT ["batchd"]
