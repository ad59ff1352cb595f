"""The coursework room: exercises that check themselves, beside every notebook.

`check("3.2", answer)` says at once whether an answer is right, without server or account; `show`
prints an exercise, and `list_exercises` all of them. What an exercise says, its solution, its check
and its minutes stand in one file of `exercises/`; the notebooks that teachers hand out are made
from these files (`make coursework`).

Names are imported from their module on first use, so that this package stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "checking": ["Wrong", "check"],
        "reading": ["Exercise", "list_exercises", "numbers", "read_exercise", "show"],
    },
)
