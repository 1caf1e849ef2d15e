"""The course's data: pictures, graphs, numbers; every file checked when it is read."""

from .files import DataError, DownloadError, download, published, verify
from .networks import Graph, debian_science, karate_club, planetoid
from .pictures import FASHION_CLASSES, Labelled, digits, fashion_mnist, photo, seattle

__all__ = [
    "FASHION_CLASSES",
    "DataError",
    "DownloadError",
    "Graph",
    "Labelled",
    "debian_science",
    "digits",
    "download",
    "fashion_mnist",
    "karate_club",
    "photo",
    "planetoid",
    "published",
    "seattle",
    "verify",
]
