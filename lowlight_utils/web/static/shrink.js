// Photos that the server does not take are made smaller, or another format, by the browser.
"use strict";

// A file's size in pixels; null if this browser cannot read it.
async function sizeOf(file) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    await new Promise((resolve, reject) => {
      Object.assign(image, { onload: resolve, onerror: reject, src: url });
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// The same picture as JPEG, or PNG if it came as one that may be transparent, within both limits.
// Null if this browser cannot read it.
async function shrink(file, maxPixels, maxBytes) {
  const size = await sizeOf(file);
  if (!size) return null;
  const clear = /png|gif|webp/.test(file.type) && file.size < maxBytes;
  let share = Math.min(1, Math.sqrt(maxPixels / (size.width * size.height)));
  for (let tries = 0; tries < 6; tries++, share *= 0.75) {
    const width = Math.max(1, Math.floor(share * size.width));
    const height = Math.max(1, Math.floor(share * size.height));
    const bitmap = await createImageBitmap(file, {
      resizeWidth: width,
      resizeHeight: height,
      resizeQuality: "high",
    });
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    const type = clear && tries === 0 ? "image/png" : "image/jpeg";
    const blob = await canvas.convertToBlob({ type, quality: 0.95 });
    if (blob.size > maxBytes) continue;
    const stem = file.name.replace(/\.[^.]*$/, "");
    return new File([blob], stem + (type === "image/png" ? ".png" : ".jpg"), { type });
  }
  return null;
}
