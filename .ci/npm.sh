#!/usr/bin/env bash
# Builds the npm package, looks at it as its users' tools do, installs it on Node 22 and 24, and tests what is installed.
# Wants $work, an empty folder, and $DENO. With NPM_SMOKE=1 it leaves out the long tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_loglevel=error

# The binaries of Node come from npm, one package for each system.
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) echo "no Node for $(uname -m)"; exit 1 ;; esac
readonly NODE_PACKAGE="node-$(uname -s | tr '[:upper:]' '[:lower:]')-$arch"

# install FOLDER PACKAGE...: into an empty folder.
install() {
  mkdir -p "$1"
  echo '{ "private": true }' >"$1/package.json"
  npm install --prefix "$1" "${@:2}"
}

# timed NAME COMMAND...: says how long it took.
timed() {
  local name=$1 started=$(date +%s%N)
  shift
  "$@"
  echo "$name: $((($(date +%s%N) - started) / 1000000)) ms"
}

echo "--- pack"
"$DENO" task npm "$work/npm"
tarball="$(echo "$work"/npm/flowengine-*.tgz)"
tools="$work/npm-tools"
install "$tools" publint@0.3.25 @arethetypeswrong/cli@0.18.5 typescript@6.0.3 @types/node@22
"$tools/node_modules/.bin/publint" run --strict "$tarball"
"$tools/node_modules/.bin/attw" --profile esm-only --no-emoji "$tarball"

"$DENO" run -A tests/npm/bundle_tests.ts "$work/node_tests.mjs"

for version in 22 24; do
  echo "--- Node $version"
  install "$work/node$version" "$NODE_PACKAGE@$version"
  node="$work/node$version/node_modules/$NODE_PACKAGE/bin/node"
  folder="$work/on-node$version"
  mkdir "$folder"

  # What the readme says, on a machine that has Node and npm, and a shell.
  bare="$work/bare$version"
  mkdir "$bare"
  ln -s "$node" "$bare/node"
  for program in npm npx; do ln -s "$(command -v $program)" "$bare/$program"; done
  # How this machine reaches the registry is its own affair.
  settings=(PATH="$bare:/usr/bin:/bin" HOME="$HOME" NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-}"
    XDG_STATE_HOME="$folder" npm_config_cache="$work/npm-cache$version" npm_config_loglevel=error)
  alone() { (cd "$folder" && env -i "${settings[@]}" "$@"); }
  alone node --version
  echo '{ "private": true }' >"$folder/package.json"
  timed "npm install, with nothing in the cache" alone npm install "$tarball"
  timed "npx flow --version" alone npx flow --version
  timed "npx flow init" alone npx flow init --output hello.yaml
  timed "npx flow run" alone npx flow run hello.yaml

  # The same tests as from source; those that are about the program alone.
  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$node" "$folder/node_modules/flowengine/bin/flow.js" >"$work/flow-on-node$version"
  chmod +x "$work/flow-on-node$version"
  export FLOW_NODE="$node" FLOW_NPM_FOLDER="$folder" FLOW_NPM_TOOLS="$tools"
  tests=(tests/cli_test.ts tests/stray_errors_test.ts tests/server_life_test.ts)
  if [[ -z ${NPM_SMOKE:-} ]]; then
    tests+=(tests/cli_*_test.ts tests/examples_test.ts tests/executions_test.ts tests/history_test.ts tests/remote_test.ts
      tests/docker_recovery_test.ts tests/docker_run_test.ts tests/secrets_test.ts tests/server_queue_test.ts tests/server_security_test.ts tests/tokens_test.ts tests/chaos)
  fi
  mapfile -t tests < <(printf '%s\n' "${tests[@]}" | sort -u)
  FLOW_UNDER_TEST="$work/flow-on-node$version" FLOW_CHAOS_KILLS=60 "$DENO" test -A --no-check --parallel "${tests[@]}"
  "$DENO" test -A --no-check tests/npm/package.ts
  # The nodes and the platform themselves, in one process of this Node.
  # One test starts Deno.
  timeout 600 "$node" --test-force-exit --test-skip-pattern="never ends ourselves" --test-reporter=dot "$work/node_tests.mjs"
done

# In the oldest that the package allows, much of what newer ones have is missing; it reads no TypeScript.
readonly OLDEST="$(sed -nE 's/.*"node": ">=([0-9.]+)".*/\1/p' "$work/npm/npm/package.json").0"
echo "--- Node $OLDEST"
install "$work/oldest" "$NODE_PACKAGE@$OLDEST" "$tarball"
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$work/oldest/node_modules/$NODE_PACKAGE/bin/node" \
  "$work/oldest/node_modules/flowengine/bin/flow.js" >"$work/flow-on-oldest"
chmod +x "$work/flow-on-oldest"
FLOW_UNDER_TEST="$work/flow-on-oldest" "$DENO" test -A --no-check --parallel \
  tests/executions_test.ts tests/history_test.ts tests/server_life_test.ts

echo "--- audit"
# All that is in the package: what npm installs, and what is bundled.
mapfile -t packages < <(sed -nE 's/^(@?[a-z][^ ]*) ([0-9][^ ]*) \(.*\)$/\1@\2/p' "$work/npm/npm/THIRD_PARTY_LICENSES")
[[ ${#packages[@]} -ge 10 ]]
mkdir "$work/audit"
cd "$work/audit"
echo '{ "private": true }' >package.json
npm install --package-lock-only --ignore-scripts "${packages[@]}"
status=0
npm_config_audit=true npm_config_loglevel=warn npm audit >answer 2>&1 || status=$?
cat answer
if grep -qE 'ENOTFOUND|ECONNREFUSED|ETIMEDOUT|audit endpoint returned an error' answer; then
  echo "skipped: this registry answers no questions about vulnerabilities"
elif [[ $status -ne 0 ]]; then
  exit "$status"
fi
