"""The size of a patch.

A verdict of the PatchGAN depends on 70×70 pixels. Write `patch_size(layers)` for any stack of convolutions: `layers` is a list of
`(kernel, stride)`, from the picture to the verdict, and the answer is the side of the square that one verdict depends on. Notebook 02
has the step for one layer, which goes from the verdict to the picture.

With pencil and paper first: how large is the patch with one stride-2 convolution fewer?
"""


# %% answer
def patch_size(layers):
    """Return the side in pixels that one verdict depends on."""
    ### BEGIN SOLUTION
    seen = 1
    for kernel, stride in reversed(layers):
        seen = (seen - 1) * stride + kernel
    return seen
    ### END SOLUTION


# %% check
from lowlight_utils.coursework.checking import require


def check(answer, rng):
    """The receptive field's recursion, from the verdict back to the picture."""
    patchgan = [(4, 2), (4, 2), (4, 2), (4, 1), (4, 1)]
    stacks = [patchgan, patchgan[1:], [(3, 1)], []]
    for _ in range(6):
        layers = rng.integers(2, 7)
        stacks.append([(int(rng.integers(1, 6)), int(rng.integers(1, 4))) for _ in range(layers)])
    for stack in stacks:
        given = list(stack)
        got = answer(given)
        require(given == stack, "the list of layers was changed")
        require(got is not None, "nothing is returned")
        require(int(got) == _measure(stack), f"{got} is not the side of the patch of {stack}")


def _measure(stack):
    """Find the side by following which pixels a verdict depends on, one by one."""
    pixels = {0}
    for kernel, stride in reversed(stack):
        pixels = {place * stride + offset for place in pixels for offset in range(kernel)}
    return max(pixels) - min(pixels) + 1


MINUTES = 15
RUBRIC = ((1, "the PatchGAN, and it without a layer"), (2, "any stack, the empty one too"))
MISTAKES = (
    ("goes from the first layer to the last", "right only where all strides are equal"),
    ("seen * stride + kernel", "neighbouring patches overlap: there is one step fewer than pixels"),
)
