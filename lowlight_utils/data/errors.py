"""What can be wrong with a picture's file."""


class ImageError(ValueError):
    """A picture, or a folder of pictures, that cannot be used.

    The message is one line: the file's name, what is wrong with it, and what to do.
    """


class ImageTooLarge(ImageError):
    """A picture with more pixels than are allowed."""


class UnknownFormat(ImageError):
    """A file that is no picture, or one of a format that is not read."""


class ImageWarning(UserWarning):
    """A picture that was read although its file has a fault; the message names both."""
