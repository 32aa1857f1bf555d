"""The notebook server of the course, for `make lab` and for whoever hosts it: JUPYTER_CONFIG_PATH names this folder.

A notebook that nobody touched opens as not modified. JupyterLab notes in it what the kernel says of its language, the
version of Python too, which no file can know beforehand; so the server says it as it hands the notebook out.
"""

import sys

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager


class ContentsManager(AsyncLargeFileManager):
    """Files as ever, but that Python notebooks name the Python that runs here."""

    async def get(self, path, *args, **kwargs):
        model = await super().get(path, *args, **kwargs)
        if model["type"] == "notebook" and model["content"]:
            language = model["content"]["metadata"].get("language_info", {})
            if language.get("name") == "python":
                language["version"] = sys.version.split()[0]
        return model


c.ServerApp.contents_manager_class = ContentsManager
