#!/bin/sh
# Stands in for the `playfield` program in the tests of the node: `worker`, `compile`, `try-model` and `cover`, in plain shell.
# What it does with a session is told by the session's title, with a module by the module's file name.

# The text value of a key in the JSON line $1.
value() { printf '%s' "$1" | sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p"; }

reply() { printf '{"from":"reply","id":%s,%s}\n' "$1" "$2"; }

state() { printf '{"from":"event","event":"state","session":"%s","state":"%s","reason":%s,"detail":null}\n' "$1" "$2" "$3"; }

open_session() { # number, session, title
    case "$3" in
    refuse) reply "$1" '"reply":"refused","reason":"badModule","detail":"not today"' ;;
    crash) echo "ERROR about to crash" >&2; exit 3 ;;
    silent) exec sleep 600 ;;
    mute) ;; # never answers
    garbage) echo 'this is no JSON'; echo '{"from":"mars"}'; reply "$1" '"reply":"started","answer":"after garbage"' ;;
    long) head -c 20000000 /dev/zero | tr '\0' x; echo ;;
    once) case "$line" in
        *'"resume":true'*) reply "$1" '"reply":"refused","reason":"internalError","detail":"not again"' ;;
        *) reply "$1" '"reply":"started","answer":null' ;;
        esac ;;
    app) reply "$1" "\"reply\":\"started\",\"answer\":\"$(value "$line" compiled)$(value "$line" refused)\"" ;;
    foreign) state ses-0000000000000000 terminated '"guestTrap"'; reply "$1" '"reply":"started","answer":null' ;;
    *) reply "$1" "\"reply\":\"started\",\"answer\":\"$(value "$line" compiled)\""; state "$2" active null ;;
    esac
}

worker() {
    read -r hello
    case "$hello" in
    *':1"'*) echo "cannot bind 127.0.0.1:1: not allowed" >&2; exit 1 ;;
    esac
    sessions=""
    echo '{"from":"ready","udp":["127.0.0.1:9"]}'
    while read -r line; do
        number=$(printf '%s' "$line" | sed -n 's/^{"id":\([0-9]*\),.*/\1/p')
        case "$(value "$line" request)" in
        start)
            # The spec's own keys come first, so that the last "id" is not the session's.
            session=$(printf '%s' "$line" | sed -n 's/.*"spec":{"id":"\([^"]*\)".*/\1/p')
            sessions="$sessions $session"
            open_session "$number" "$session" "$(value "$line" title)"
            ;;
        attach) reply "$number" '"reply":"attached","answer":"hello again"' ;;
        stop)
            reply "$number" '"reply":"done"'
            state "$(value "$line" session)" terminated "\"$(value "$line" reason)\""
            ;;
        receipt) exit 0 ;;
        drain)
            case "$hello" in *'"max_sessions":7'*) exec sleep 600 ;; esac
            for session in $sessions; do state "$session" terminated '"nodeStopping"'; done
            exit 0
            ;;
        esac
    done
}

compile() { # --module PATH --out DIR --memory-mb N
    echo "$2" >>"$4/log"
    case "$(basename "$2")" in
    bad.wasm) echo '{"refused":{"reason":"badModule","detail":"it asks for group telepathy"}}' ;;
    slow.wasm) sleep 600 ;;
    *)
        sleep 0.1
        cp "$2" "$4/$(basename "$2").compiled"
        case "$2" in *loose.wasm) saves=false ;; *) saves=true ;; esac
        case "$2" in *app.wasm) groups='"playfield:camera@1"' ;; *game.wasm) groups='"playfield:video@1"' ;; *) groups="" ;; esac
        printf '{"compiled":"%s","facts":{"dialect":"wasm4","snapshots":%s,"groups":[%s]}}\n' "$4/$(basename "$2").compiled" $saves "$groups"
        ;;
    esac
}

what=$1
shift
case "$what" in
worker) worker ;;
compile) compile "$@" ;;
try-model) case "$2" in
    *bad) echo '{"refused":{"reason":"badModule","detail":"an operator is not known"}}' ;;
    *large) for memory; do :; done; echo '{"refused":{"reason":"badModule","detail":"more than '"$memory"'"}}' ;;
    *lost) echo "out of memory" >&2; exit 1 ;;
    esac ;;
cover) case "$2" in *bad.wasm) echo "no picture" >&2; exit 1 ;; *) echo PNG >"$4" ;; esac ;;
esac
