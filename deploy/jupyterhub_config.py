"""JupyterHub for a class on one machine: one environment that all use, and for each student a copy of the hand-out.

Start it by `make hub`. Started by root it gives every student a server under their own account of this machine, which
is what keeps them apart. Started by anybody else it is for trying: all servers run as that one user. docs/site/host.md
says more. To change a setting, write a file that begins with `load_subconfig("deploy/jupyterhub_config.py")`.
"""

import os
import secrets
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HANDOUT = Path(os.environ.get("ADVCOURSE_HANDOUT", ROOT / "build" / "handout"))
PRIVATE = Path(os.environ.get("ADVCOURSE_HUB", ROOT / ".hub"))  # the hub's own folder, and nobody else's
SCRIPTS = Path(sys.executable).parent
GROUP = "advcourse"  # the accounts that may log in

if not (HANDOUT / "lectures").is_dir():
    raise SystemExit(f"there is no hand-out in {HANDOUT}: make one by `make handout`, or name it in ADVCOURSE_HANDOUT")
KEPT_BACK = [ROOT / name for name in ("solutions", "tests", ".git")]
if os.geteuid() == 0 and (open_to_all := [str(p) for p in KEPT_BACK if p.is_dir() and p.stat().st_mode & 0o005]):
    raise SystemExit(f"students could read the solutions: chmod 700 {' '.join(open_to_all)}")
PRIVATE.mkdir(mode=0o700, parents=True, exist_ok=True)
PRIVATE.chmod(0o700)

c = get_config()  # noqa: F821  defined where this file is read

# Only this machine reaches the hub. What the world reaches is a web server in front of it, which has the certificate.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.cookie_secret_file = str(PRIVATE / "cookie_secret")
c.JupyterHub.db_url = f"sqlite:///{PRIVATE / 'jupyterhub.sqlite'}"
c.ConfigurableHTTPProxy.pid_file = str(PRIVATE / "proxy.pid")
# The proxy that `make hub` lays into the environment, or else the one on the PATH.
PROXY = "configurable-http-proxy"
c.ConfigurableHTTPProxy.command = shutil.which(PROXY, path=Path(sys.prefix, "node_modules/.bin")) or PROXY

# The server -----------------------------------------------------------------------------------------------------------

COPY = "~/advcourse"
c.Spawner.cmd = [sys.executable, str(ROOT / "deploy" / "start.py"), str(HANDOUT), COPY]
c.Spawner.cmd += [str(SCRIPTS / "jupyterhub-singleuser")]
c.Spawner.notebook_dir = COPY
c.Spawner.default_url = "/lab/tree/lectures/00_start_here.ipynb"
# The course's own settings of the notebook server, and one thread each, as many kernels share the cores.
c.Spawner.environment = {"JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter"), "OMP_NUM_THREADS": "1"}
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # when a whole class logs in at once
# Memory goes back: a kernel that nobody looks at after an hour, a server without kernels after two.
c.Spawner.args = ["--MappingKernelManager.cull_idle_timeout=3600", "--ServerApp.shutdown_no_activity_timeout=7200"]

# Who is who -----------------------------------------------------------------------------------------------------------

# One folder of this name is made: no dots alone, no slash. The pattern is asked for a match at the start only.
c.Authenticator.username_pattern = r"[a-z][a-z0-9_-]{0,31}\Z"
if os.geteuid() == 0:
    c.JupyterHub.authenticator_class = "pam"  # the passwords are those of the accounts
    c.LocalAuthenticator.allowed_groups = {GROUP}
    c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
else:
    password = PRIVATE / "password"
    if not password.exists():
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(16))
    c.JupyterHub.authenticator_class = "shared-password"
    c.SharedPasswordAuthenticator.user_password = password.read_text().strip()
    c.SharedPasswordAuthenticator.allow_all = True
    c.JupyterHub.spawner_class = "jupyterhub.spawner.SimpleLocalProcessSpawner"
    c.SimpleLocalProcessSpawner.home_dir_template = str(PRIVATE / "homes" / "{username}")
    print(f"one user runs all servers, so students are not kept apart: for trying. Any name, password in {password}")
