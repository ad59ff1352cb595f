"""The models room: the two networks of the conditional GAN (notebook 02)."""

from lowlight_utils.models.blocks import AddCorrection, AutoExposure
from lowlight_utils.models.patchgan import patchgan_discriminator
from lowlight_utils.models.unet import unet_generator

__all__ = ["AddCorrection", "AutoExposure", "patchgan_discriminator", "unet_generator"]
