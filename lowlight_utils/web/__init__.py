"""The web page and its HTTP interface: a dark photo in, a well-lit one out (notebook 06).

A visitor's request passes through four small rooms, each a module:

`server`    waitress, made to keep uploads in memory, within a budget, and to finish what it began
`app`       Flask: the page, the interface, limits and headers
`worker`    a process of its own, watched over, that holds the generator
`pipeline`  what happens there: decode, enhance, blend, encode

The first two never look inside a picture; the last two never see who sent it. Names are imported
from their module on first use, so that this package stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "app": ["create_app"],
        "pipeline": ["Pipeline"],
        "server": ["Server"],
        "settings": ["Settings"],
        "worker": ["Worker"],
    },
)
