"""How JupyterLab saves in the course: a saved copy opens again without a kernel.

Explorers and predictions have a live face and a still one. What is saved keeps the
still one only, or the next opening would say "Error displaying widget".
"""

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


c = get_config()  # noqa: F821 - given by Jupyter
c.FileContentsManager.pre_save_hook = keep_still_faces
