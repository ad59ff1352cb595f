"""The web page and its HTTP interface: a dark photo in, a well-lit one out (notebook 06).

A visitor's request passes through these rooms, each a module:

- `server`: Hypercorn, which speaks HTTP; around the application `uploads`, which receives requests
  whole, in memory, within a budget
- `app`: Flask: the page and the interface (`views`, `asked`), what guards them (`guard`), each
  client's share (`fair`), a first look at the file (`look`)
- `line`: photos wait for a worker, first come, first served
- `worker`: a process of its own, watched over, that holds the generator (`child` is its inside)
- `pipeline`: what happens there: decode, enhance, blend, encode

Nothing before the worker decodes a picture; nothing behind it sees who sent it. A new option is an
entry in `job`, what it does in `pipeline`, and its control in templates/index.html. Names are
imported from their module on first use, so that this package stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "app": ["create_app"],
        "line": ["start_workers"],
        "pipeline": ["Pipeline"],
        "server": ["Server"],
        "settings": ["Settings"],
        "worker": ["Worker"],
    },
)
