"""How JupyterLab saves in the course, and how soon it answers.

Explorers and predictions have a live face and a still one. What is saved keeps the
still one only, or the next opening would say "Error displaying widget".
"""

from jupyter_server.services.kernels.connection.channels import (
    ZMQChannelsWebsocketConnection,
)

VIEW = "application/vnd.jupyter.widget-view+json"


def keep_still_faces(model: dict, **_) -> None:
    """Drop the live view of an output that has HTML as well."""
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    for cell in content.get("cells", []):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/html" in data:
                data.pop(VIEW, None)


class Prompt(ZMQChannelsWebsocketConnection):
    """What a kernel says is sent on at once, so that an explorer answers sooner.

    Else each small message waits, up to 40 ms, for the receipt of the one before.
    """

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c = get_config()  # noqa: F821 - given by Jupyter
c.FileContentsManager.pre_save_hook = keep_still_faces
c.ServerApp.kernel_websocket_connection_class = Prompt
