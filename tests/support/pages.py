"""Reading the reports and the pictures in them."""

import base64
from html.parser import HTMLParser

import cv2
import numpy as np


class Page(HTMLParser):
    """Tags, addresses, ids, names of attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.addresses, self.ids, self.words = [], [], [], []
        self.attributes = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        attributes = dict(attrs)
        self.attributes |= attributes.keys()
        self.addresses += [attributes[name] for name in ("src", "href", "srcset") if name in attributes]
        self.ids += [attributes["id"]] if "id" in attributes else []

    def handle_data(self, data):
        self.words.append(data)


def decode(uri):
    """Return the pixels, uint8 RGB [H, W, 3], of a picture that lies in a page."""
    content = base64.b64decode(uri.removeprefix("data:image/webp;base64,"), validate=True)
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
