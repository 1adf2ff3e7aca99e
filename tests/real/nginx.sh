# nginx for the tests that source this file: one server per key, each on a port of its own, plain HTTP answers that name
# the worker. Sourced after lib.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

NGINX=                          # the master's process number
NGINX_FOLDER=$SCRATCH/nginx
NGINX_LOG=$NGINX_FOLDER/error.log
nginx_servers=
mkdir -p "$NGINX_FOLDER"

# nginx_server NAME CERTIFICATE KEY: one more server. Sets PORT_NAME.
nginx_server()
{
    local port
    port=$(free_ports 1)
    declare -g "PORT_$1=$port"
    nginx_servers+="
    server {
        listen 127.0.0.1:$port ssl reuseport;
        ssl_certificate $2;
        ssl_certificate_key $3;
        ssl_session_cache off;
        ssl_session_tickets off;
        add_header X-Worker \$pid always;
        location / { return 200 \"$1\\n\"; }
    }"
}

nginx_configuration()
{
    cat <<END
daemon off;
worker_processes $1;
$([ "$(id -u)" -ne 0 ] || echo "user www-data;")
pid $NGINX_FOLDER/pid;
error_log $NGINX_LOG notice;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $NGINX_FOLDER/body;
    proxy_temp_path $NGINX_FOLDER/proxy;
    fastcgi_temp_path $NGINX_FOLDER/fastcgi;
    uwsgi_temp_path $NGINX_FOLDER/uwsgi;
    scgi_temp_path $NGINX_FOLDER/scgi;
    ssl_protocols TLSv1.2 TLSv1.3;$nginx_servers
}
END
}

# nginx_start WORKERS: starts nginx with the servers that were named, and waits until all workers are there. The master is
# our own child: it does not become a daemon.
nginx_start()
{
    nginx_configuration "$1" > "$NGINX_FOLDER/nginx.conf"
    rm -f "$NGINX_FOLDER/pid"
    env ${STRONGROOM_PRELOAD:+LD_PRELOAD="$STRONGROOM_PRELOAD" ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0:fast_unwind_on_malloc=1"} \
        nginx -p "$NGINX_FOLDER" -e "$NGINX_LOG" -c "$NGINX_FOLDER/nginx.conf" >> "$NGINX_FOLDER/output" 2>&1 &
    NGINX=$!
    started+=("$NGINX")
    eventually 30 nginx_has_workers "$1" && return 0
    cat "$NGINX_FOLDER/output" "$NGINX_LOG"
    return 1
}

# Worker processes, one a line; one that is shutting down is none.
nginx_workers()
{
    local pid
    for pid in $(children "$NGINX"); do
        grep -aq 'worker process$' <(tr '\0' '\n' < "/proc/$pid/cmdline" 2>/dev/null) && echo "$pid"
    done
}

nginx_has_workers()
{
    [ "$(nginx_workers | wc -l)" -eq "$1" ]
}

nginx_stop()
{
    stop "$NGINX"
    NGINX=
}

# One full handshake with 127.0.0.1:PORT, by the default provider; further arguments are curl's. Prints the worker's number.
fetch()
{
    local port=$1
    shift
    OPENSSL_CONF=/dev/null curl -sk --max-time 20 -o /dev/null -D - "$@" "https://127.0.0.1:$port/" |
        tr -d '\r' | sed -n 's/^[Xx]-[Ww]orker: //p' | grep .
}

# every_worker_serves PORT: repeats handshakes until each worker has answered one.
every_worker_serves()
{
    local port=$1 seen=" " wanted pid i
    wanted=$(nginx_workers)
    for ((i = 0; i < 400; i++)); do
        pid=$(fetch "$port") || { echo "a handshake with port $port failed"; return 1; }
        [[ $seen == *" $pid "* ]] || seen+="$pid "
        for pid in $wanted; do
            [[ $seen == *" $pid "* ]] || continue 2
        done
        return 0
    done
    echo "of the workers $(tr '\n' ' ' <<< "$wanted")only $seen answered on port $port"
    return 1
}

# Where the daemon is away, handshakes may fail; processes may not die, and a sanitizer may not complain.
nginx_no_worker_died()
{
    ! grep -aE 'exited on signal|exited with (fatal )?code [1-9]|\[emerg\]|Sanitizer|runtime error:' \
        "$NGINX_LOG" "$NGINX_FOLDER/output"
}

# Nor did a handshake fail for want of the key.
nginx_log_is_clean()
{
    nginx_no_worker_died && ! grep -E '\[(alert|crit)\]|no suitable signature' "$NGINX_LOG"
}

# An RSA and a P-256 key in the token, a certificate for each, and nginx that serves them: PORT_rsa and PORT_ec.
nginx_with_token_keys()
{
    local name
    for name in rsa ec; do
        need "a key for $name" new_key "$name" "$([ $name = rsa ] && echo rsa:2048 || echo ec:P-256)"
        need "a certificate for $name" client openssl req -x509 -new -key "$KEY_URI" -subj "/CN=localhost" -days 2 \
            -out "$SCRATCH/$name.crt"
        nginx_server "$name" "$SCRATCH/$name.crt" "$KEY_PEM"
    done
    need "nginx starts with $1 workers" nginx_start "$1"
}

every_worker_serves_every_key()
{
    every_worker_serves "$PORT_rsa" && every_worker_serves "$PORT_ec"
}
