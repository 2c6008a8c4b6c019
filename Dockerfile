# The action's image, built from source: what `uses: ./` and a fork of this repository run. Releases have a prebuilt image
# (.github/packaging/Dockerfile.release). Every instruction is one that the classic builder knows, too.

# By its digest, that of the index of all architectures: a tag may be moved. Dependabot proposes newer ones.
FROM rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
WORKDIR /build
# A static binary needs nothing of a distribution. Symbols are a third of its size, and no use to a workflow. On x86-64, Rust's
# own linker also folds functions that are the same and packs relocations: another 10 %. The rest is the profile in Cargo.toml.
ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static -C strip=symbols -C link-arg=-Wl,--icf=all,--pack-dyn-relocs=relr" \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static -C strip=symbols" \
    CARGO_TARGET_DIR=/build/target

# The dependencies are a layer of their own: it is built again only when Cargo.toml or Cargo.lock changes. The target is
# named because static libraries cannot be loaded as procedural macros, which are built for the host.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches/gate \
 && echo 'fn main() {}' > src/main.rs \
 && touch src/lib.rs benches/gate/main.rs \
 && cargo build --locked --profile image --target "$(rustc --print host-tuple)" \
 && rm -r src

COPY .github/packaging/image-root .github/packaging/notices packaging/
COPY LICENSE .
COPY src src
RUN touch src/main.rs src/lib.rs \
 && cargo build --locked --profile image --bin sagegate --target "$(rustc --print host-tuple)" \
 && packaging/notices "$(rustc --print host-tuple)" notices \
 && packaging/image-root "target/$(rustc --print host-tuple)/image/sagegate" /etc/ssl/certs/ca-certificates.crt LICENSE notices image

FROM scratch
COPY --from=build /build/image/ /
# No USER and no WORKDIR: the runner sets the folder, and its files belong to root.
# https://docs.github.com/actions/reference/workflows-and-actions/dockerfile-support
# `env: SSL_CERT_FILE:` in a workflow points to another CA bundle, for example that of a company's proxy; `AWS_CA_BUNDLE` and
# `HTTPS_PROXY` are read, too.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    AWS_EC2_METADATA_DISABLED=true
ENTRYPOINT ["/usr/local/bin/sagegate"]
