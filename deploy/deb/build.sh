#!/bin/sh
# Makes the Debian package in target/debian; needs cargo-deb. The first argument is another profile than release.
set -eu
cd "$(dirname "$0")/../.."
profile=${1:-release}
export CARGO_TARGET_DIR="$PWD/target"
cargo build --locked --profile "$profile" --features sidecar
bin=target/$profile/logveil
rm -rf target/deb-assets && mkdir -p target/deb-assets
"$bin" man >target/deb-assets/logveil.1
"$bin" completions bash >target/deb-assets/logveil.bash
"$bin" completions zsh >target/deb-assets/_logveil
"$bin" completions fish >target/deb-assets/logveil.fish
cargo deb --locked --no-build --profile "$profile"
