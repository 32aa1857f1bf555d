"""The notebook server of the course, for `make lab` and for whoever hosts it: JUPYTER_CONFIG_PATH names this folder.

A notebook that nobody touched opens as not modified. JupyterLab notes in it what the kernel says of its language, the
version of Python too, which no file can know beforehand; so the server says it as it hands the notebook out.

A panel's next picture leaves at once. TCP holds a small message back until what went before is acknowledged, which may
take 40 ms, unless it is told not to wait.
"""

import sys

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class ContentsManager(AsyncLargeFileManager):
    """Files as ever, but that Python notebooks name the Python that runs here."""

    async def get(self, path, *args, **kwargs):
        model = await super().get(path, *args, **kwargs)
        if model["type"] == "notebook" and model["content"]:
            language = model["content"]["metadata"].get("language_info", {})
            if language.get("name") == "python":
                language["version"] = sys.version.split()[0]
        return model


class WebsocketConnection(ZMQChannelsWebsocketConnection):
    """To a kernel as ever, but without Nagle's delay."""

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c.ServerApp.contents_manager_class = ContentsManager
c.ServerApp.kernel_websocket_connection_class = WebsocketConnection
