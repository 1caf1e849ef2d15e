"""The course's data: a file that is not as shipped raises DataError, with a remedy."""

from .citations import planetoid
from .files import DataError, DownloadError, download, published, verify
from .networks import Graph, debian_science, karate_club
from .pictures import FASHION_CLASSES, Labelled, digits, fashion_mnist, photo, seattle
