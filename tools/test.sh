#!/bin/sh
# Runs every check and test, or those named: lint, unit, simulation, e2e. Ends with one line that sums
# all of them up, "N passed, N failed", and an exit status that is true to it. `./tutti test` calls it.
set -u

usage() {
  cat <<'END'
Usage: ./tutti test [PART]...    (default: all of them, in this order)

  lint         types, formatting, shell scripts, systemd's units, the project's own rules
  unit         every package's tests
  simulation   houses in virtual time
  e2e          real processes, beside Debian's snapserver and snapclient

The last line is "N passed, N failed", with what was skipped if anything was. Exit status 1 if
anything failed. What each test said as JSON: .tools/test/PART.json
END
}

for part in "$@"; do
  case $part in
    lint | unit | simulation | e2e) ;;
    --help | -h)
      usage
      exit 0
      ;;
    *)
      echo "tutti test: $part is none of lint, unit, simulation, e2e" >&2
      exit 2
      ;;
  esac
done

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root" || exit 1
reports=$root/.tools/test
rm -rf "$reports"
mkdir -p "$reports"

passed=0
failed=0
skipped=0
failures=

headline() { printf '\n== %s\n' "$*"; }

fail() {
  failed=$((failed + $1))
  failures="$failures
  $2"
}

# A check counts as one test.
check() {
  name=$1
  shift
  headline "$name"
  if "$@"; then passed=$((passed + 1)); else fail 1 "$name"; fi
}

# check_if_there NAME PROGRAM COMMAND...: skipped where the program is not installed.
check_if_there() {
  name=$1
  program=$2
  shift 2
  if command -v "$program" >/dev/null; then
    check "$name" "$@"
  else
    headline "$name: no $program here, skipped"
    skipped=$((skipped + 1))
  fi
}

# The programs lie where an installation puts them, not here; unknown settings are warnings only.
verify_units() {
  mkdir "$reports/units"
  for unit in systemd/*.service; do
    sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$unit" >"$reports/units/${unit##*/}"
  done
  complaints=$(systemd-analyze verify --man=no --recursive-errors=no "$reports"/units/*.service 2>&1)
  printf '%s' "$complaints"
  [ -z "$complaints" ]
}

count_of() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" "$2" | head -n 1; }

# run_vitest PROJECT [OPTION]...: with "chrt --idle 0" in $scheduled, behind everything else.
scheduled=
run_vitest() {
  project=$1
  shift
  $scheduled node node_modules/vitest/vitest.mjs run --project "$project" --passWithNoTests --reporter=default \
    --reporter=json --outputFile.json="$reports/$project.json" "$@"
}

# tally PROJECT STATUS: adds up what a run has reported.
tally() {
  report=$reports/$1.json
  if [ ! -s "$report" ]; then
    fail 1 "$1 (no report)"
    return
  fi
  lost=$(count_of numFailedTests "$report")
  passed=$((passed + $(count_of numPassedTests "$report")))
  skipped=$((skipped + $(count_of numPendingTests "$report") + $(count_of numTodoTests "$report")))
  # A file that does not load, or an error outside any test, fails the run without a failed test.
  if [ "$2" != 0 ] && [ "$lost" = 0 ]; then lost=1; fi
  if [ "$lost" != 0 ]; then fail "$lost" "$1"; fi
}

vitest() {
  headline "$1"
  status=0
  run_vitest "$@" || status=$?
  tally "$1" "$status"
}

lint() {
  check "types" node node_modules/typescript/bin/tsc -b tsconfig.json bench
  check "biome" node node_modules/@biomejs/biome/bin/biome check .
  check_if_there "shell scripts" shellcheck shellcheck --severity=warning ./tutti .ci/run tools/*.sh
  check_if_there "units" systemd-analyze verify_units
  vitest tools
}

# Nothing in them depends on real time: every core may be busy.
unit() { vitest unit --maxWorkers=100%; }
simulation() { vitest simulation --maxWorkers=100%; }

name_what_is_missing() {
  for program in snapserver snapclient sox ffmpeg espeak-ng mosquitto mosquitto_sub; do
    command -v "$program" >/dev/null || echo "No $program here: the tests that need it are skipped."
  done
}

e2e() {
  name_what_is_missing
  vitest e2e
  vitest heard
}

# Real processes mostly wait: where nobody listens closely, tests in virtual time take what they leave of the
# cores, and no more.
everything() {
  lint
  name_what_is_missing
  status_file=$reports/e2e.status
  (
    status=0
    run_vitest e2e >"$reports/e2e.log" 2>&1 || status=$?
    echo "$status" >"$status_file"
  ) &
  beside=$!
  trap 'kill "$beside" 2>/dev/null' EXIT
  if chrt --idle 0 true 2>/dev/null; then scheduled="chrt --idle 0"; fi
  unit
  simulation
  scheduled=
  wait "$beside"
  trap - EXIT
  headline e2e
  cat "$reports/e2e.log"
  tally e2e "$(cat "$status_file")"
  vitest heard
}

if [ $# = 0 ]; then everything; fi
for part in "$@"; do "$part"; done

headline "all"
if [ "$failed" != 0 ]; then printf 'Failed in:%s\n' "$failures"; fi
if [ "$skipped" = 0 ]; then
  echo "$passed passed, $failed failed"
else
  echo "$passed passed, $failed failed, $skipped skipped"
fi
[ "$failed" = 0 ]
