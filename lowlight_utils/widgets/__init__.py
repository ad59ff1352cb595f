"""Things to move and to click in the notebooks: thin ipywidgets views over plain functions.

Only ipywidgets' own widgets are used, so that they work in JupyterLab and in Colab (which has
ipywidgets 7). Each has its logic in functions that need no browser.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "explorer": ["SweepExplorer", "trial_line", "trial_view"],
        "job": ["TrainingJob"],
        "own_photo": ["EnhancedPhoto", "enhance_own_photo", "enhance_upload"],
        "pictures": ["Picture", "compared", "difference", "titled_row", "to_jpeg"],
        "slider": ["LambdaView", "lambda_slider", "view_at_lambda"],
        "training": ["MyTraining", "train_with_my_lambda"],
    },
)
