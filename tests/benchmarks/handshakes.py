# Full TLS handshakes per second with nginx: a key in a PEM file, and ours.
#
# SPDX-License-Identifier: Apache-2.0
import pathlib
import socket
import subprocess
import tempfile
import time

from load import BenchError, Case, Load
from place import KEY_TYPES

CONNECTIONS = 4  # at a time
VERSIONS = ("1.3", "1.2")

NGINX_CONF = """daemon off;
user www-data;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 256; }}
http {{
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    ssl_session_tickets off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""

SERVER = """    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        return 204;
    }}
"""


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Nginx:
    """One worker, that serves a key of each kind on a port of its own. setpriv ends it with this process."""

    def __init__(self, folder, keys, env, certificate):
        folder.chmod(0o755)
        self.ports = dict(zip(keys, free_ports(len(keys))))
        conf = folder / "nginx.conf"
        conf.write_text(NGINX_CONF.format(folder=folder, servers="".join(
            SERVER.format(port=self.ports[kind], certificate=certificate(key, env), key=key)
            for kind, key in keys.items())))
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "nginx", "-e", "stderr", "-p", folder,
                                         "-c", conf], env=env, stdin=subprocess.DEVNULL)
        try:
            self.worker = self.wait_for_worker()
        except BenchError:
            self.end()
            raise

    def wait_for_worker(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
        until = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < until:
            found = children.read_text().split() if children.exists() else []
            if found:
                return int(found[0])
            time.sleep(0.02)
        raise BenchError("nginx does not start, see above")

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(place, way, kinds):
    ours = way == "token key"
    env = None if ours else place.without_provider
    keys = {kind: place.key(kind)[1] if ours else place.software_key(kind) for kind in kinds}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nginx.", dir=place.scratch))
    return Nginx(folder, keys, env, place.certificate)


def cases(place, wanted, at_end):
    found = []
    for way in ("key in PEM file", "token key"):
        names = {(kind, tls): f"{kind} handshakes, TLS {tls}" for kind in KEY_TYPES for tls in VERSIONS}
        names = {k: name for k, name in names.items() if wanted(f"{name}/{way}")}
        if not names:
            continue
        nginx = start(place, way, sorted({kind for kind, _ in names}))
        at_end(nginx.end)
        for (kind, tls), name in names.items():
            load = Load(name, [place.program("bench_handshakes"), "--port", str(nginx.ports[kind]), "--tls", tls,
                               "--threads", str(CONNECTIONS)], env=place.without_provider)
            at_end(load.end)
            found.append(Case(f"{name}/{way}", load, CONNECTIONS, own_cpu=False,
                              counted=[nginx.worker, place.daemon] if way == "token key" else [nginx.worker],
                              baseline=f"{name}/key in PEM file"))
    return found
