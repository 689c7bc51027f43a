# Fetches what both programs need at run time, as package-lock.json has it:
#   sh nix/node-modules.sh OUT
# Run by nix/node-modules.nix, and by the test that computes its hash anew. What differs from one npm,
# registry or platform to the next is left out: npm's own lock file, commands, optional addons, empty
# folders.
set -eu
out=$1
source=$(dirname "$0")/..
HOME=$(mktemp -d)
export HOME
trap 'rm -rf "$HOME"' EXIT
cp "$source/package.json" "$source/package-lock.json" "$HOME"
cd "$HOME"
npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
rm node_modules/.package-lock.json
find node_modules -name .bin -prune -exec rm -r {} +
find node_modules -type f -exec chmod 644 {} +
find node_modules -type d -empty -delete
mkdir -p "$out"
cp -r node_modules "$out"
