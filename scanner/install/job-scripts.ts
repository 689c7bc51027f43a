import { preamble } from '../remote/script.ts'

/**
 * The install on the machine, as shell scripts. It runs under systemd or tmux, so that it outlives the
 * connection, and leaves in a folder of its own below `base`, in memory like all of a live system:
 * `command` and `directory`, what runs and where; `log`, all that it said; `alive`, locked as long as
 * it runs; `pid`; `started` and `ended` on the clock of /proc/uptime; `status`; and `told`, once an
 * operator has heard how it ended. `current` names the folder of the last one.
 */
const base = '/run/scanner-install'
/** Of the systemd unit, and of the session of tmux. */
const session = 'scanner-install'

/** Runs the command to its end, its parameter is the folder. A stop reaches the command too, whose status it writes down. */
const runner = `${preamble}HOME=\${HOME:-/root}; export HOME
exec 8>"$1/alive"
flock 8
trap : HUP INT TERM
echo $$ >"$1/pid"
: >"$1/ready"
{ cd -- "$(cat "$1/directory")" && sh -c "$(cat "$1/command")"; } </dev/null >>"$1/log" 2>&1 8>&-
status=$?
cut -d' ' -f1 /proc/uptime >"$1/ended"
echo "$status" >"$1/status.new" && mv "$1/status.new" "$1/status"
`

/**
 * Starts it, unless another runs: says \`started\`, \`busy\`, or \`none\` where there is neither systemd nor
 * tmux. Parameters: the folder's name, the command, its directory, and the runner. It comes to its end also
 * when nobody listens any more.
 */
export const startBody = `
trap '' HUP INT TERM PIPE
umask 077
mkdir -p ${base} && exec 9>${base}/lock && flock 9 || return 1
if current=$(cat ${base}/current 2>/dev/null) && ! flock -sn "${base}/$current/alive" true; then
  echo busy; return 0
fi
run=${base}/$1
mkdir "$run" && mkfifo "$run/ready" || return 1
printf %s "$2" >"$run/command"
printf %s "$3" >"$run/directory"
printf %s "$4" >"$run/runner"
: >"$run/log"; : >"$run/alive"
cut -d' ' -f1 /proc/uptime >"$run/started"
if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
  echo systemd >"$run/under"
  systemd-run --quiet --collect --unit=${session} --description='scanner install' \\
    --setenv=HOME="\${HOME:-/root}" --setenv=PATH="$PATH" -- sh "$run/runner" "$run" 9>&- || return 1
elif command -v tmux >/dev/null; then
  echo tmux >"$run/under"
  # A signal that is ignored here would be for all that runs there.
  (trap - HUP INT TERM PIPE
  exec tmux new-session -d -s ${session} "exec sh '$run/runner' '$run'" 9>&-) || return 1
else
  echo none; return 0
fi
echo "$1" >${base}/current.new && mv ${base}/current.new ${base}/current
timeout 10 cat "$run/ready" || return 1
echo started
`
export const startParameters = (run: string, command: string, directory: string) => [
  run,
  command,
  directory,
  runner,
]

/**
 * What is known of the last one, each answer ended by a NUL: its name, command and directory, whether it
 * runs, \`told\` or not, its status, the seconds from its start until now or its end, and under what it runs.
 */
export const stateBody = `
current=$(cat ${base}/current 2>/dev/null) || return 0
run=${base}/$current
printf '%s\\0' "$current"
cat "$run/command"; printf '\\0'
cat "$run/directory"; printf '\\0'
if flock -sn "$run/alive" true; then printf 'over\\0'; else printf 'running\\0'; fi
if [ -e "$run/told" ]; then printf 'told\\0'; else printf '\\0'; fi
cat "$run/status" 2>/dev/null; printf '\\0'
cat "$run/started"; cat "$run/ended" 2>/dev/null || cat /proc/uptime; printf '\\0'
cat "$run/under"; printf '\\0'
`

/** What it said from a byte on (the first is 1), until it is over. Parameters: the folder's name, that byte. */
export const followBody = `
run=${base}/$1
if flock -sn "$run/alive" true; then exec tail -c "+$2" "$run/log"; fi
exec tail -c "+$2" -s 0.5 --pid="$(cat "$run/pid")" -f "$run/log"
`

/** An operator knows how it ended: the same command starts another then. */
export const tellBody = `: >${base}/"$1"/told`

/** Ends it, in the time that systemd gives a service by default. Parameters: the folder's name. */
export const stopBody = `
run=${base}/$1
if [ "$(cat "$run/under")" = systemd ]; then
  systemctl stop ${session}.service || return 1
else
  # Some shells' kill knows no --.
  kill -TERM "-$(cat "$run/pid")" || return 1
  flock -w 90 -s "$run/alive" true || kill -KILL "-$(cat "$run/pid")"
fi
flock -s "$run/alive" true
: >"$run/told"
`

/** The public host keys of the new system, where it has some already. Parameter: its root folder. */
export const keysBody = 'cat "$1"/etc/ssh/ssh_host_*_key.pub 2>/dev/null || :'
