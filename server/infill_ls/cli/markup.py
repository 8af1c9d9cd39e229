"""Elements of HTML and SVG, made so that no text in them is ever read as markup."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element


def element(tag: str, /, *children: Element | str, **attributes: str | float) -> Element:
    """Return an element; `class_` and `aria_label` stand for `class` and `aria-label`."""
    named = {key.rstrip("_").replace("_", "-"): _plain(v) for key, v in attributes.items()}
    made = Element(tag, named)
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + child
        else:
            made.text = (made.text or "") + child
    return made


def document(root: Element) -> str:
    """Return the text of a page."""
    return "<!doctype html>\n" + ElementTree.tostring(root, encoding="unicode", method="html")


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"
