#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The vendor's upgrade page as a script: what `carphacom-upgrade --to VERSION` does by hand, step by step, in the page's
# order. The rival of the benchmark. Usage: carphacom_page.sh VERSION, with these in the environment:
#   ROOT      the installation (releases/, current, shared/)    FEED      https address of the vendor's folder
#   CA        certificate authority of the feed                 KEY       the vendor's minisign.pub
#   HEALTH    health addresses, separated by spaces             PM2       the pm2 executable; PM2_HOME is set
set -euo pipefail
version=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Check for available platform updates
curl -fsSL --cacert "$CA" "$FEED/feed.json" >"$scratch/feed.json"

# Downloads the new release tarball, verifies its signature.
tarball=carphacom-$version.tar.xz
curl -fsSL --cacert "$CA" -o "$scratch/$tarball" "$FEED/$tarball"
curl -fsSL --cacert "$CA" -o "$scratch/$tarball.minisig" "$FEED/$tarball.minisig"
minisign -V -q -p "$KEY" -m "$scratch/$tarball"

# Extracts to /opt/carphacom/releases/<timestamp>_v1.4.2/.
release=$ROOT/releases/$(date -u +%Y%m%d%H%M%S)_v$version
mkdir "$release"
tar -xJf "$scratch/$tarball" -C "$release" --strip-components=1
for kept in .env uploads plugins; do ln -s "../../shared/$kept" "$release/$kept"; done

# Runs npm ci in each subdirectory.
for folder in backend admin storefront; do (cd "$release/$folder" && npm ci); done

# Runs database migrations (npx medusa db:migrate).
(cd "$release/backend" && npx medusa db:migrate)

# Builds admin and storefront (npm run build).
for folder in admin storefront; do (cd "$release/$folder" && npm run build); done

# Atomically swaps the current symlink to the new release.
previous=$(readlink "$ROOT/current")
swap() { ln -sfn "$1" "$ROOT/current.new" && mv -T "$ROOT/current.new" "$ROOT/current"; }
swap "releases/$(basename "$release")"

# Reloads PM2 with pm2 reload all --update-env.
"$PM2" reload all --update-env

# Probes /health on each service. If any fails, rolls back automatically.
for address in $HEALTH; do
  if ! curl -fsS --max-time 5 "$address" >/dev/null; then
    echo "health of $address failed; rolling back" >&2
    swap "$previous"
    "$PM2" reload all --update-env
    exit 1
  fi
done
