// Enhance a photo of any size with a network: the method of lowlight_utils/prediction/enhance.py and
// bars.py, where its reasons stand, in the browser.

import { shrink } from "./arrays.js";
import { carryOver } from "./detail.js";

const STEP = 64; // padded sides are multiples of this
const MARGIN = 16; // around a small copy, or the network's weakness at borders would be enlarged
const NEUTRAL = 2; // a photo whose channels differ by no more levels has no colour

// Enhance RGBA, a byte a channel, as { data, width, height }; gives the new data.
// network: { run, stride, maxSide }, see network.js. pause(share) is awaited now and then.
export async function enhance(photo, network, lambda, pause) {
  const [rows, columns] = insideBars(photo);
  const whole = rows[0] + columns[0] === 0 && rows[1] === photo.height && columns[1] === photo.width;
  if (whole) return enhanceInside(photo, network, lambda, pause);
  const inside = crop(photo, rows, columns);
  const enhanced = await enhanceInside(inside, network, lambda, pause);
  const framed = photo.data.slice();
  for (let y = 0; y < inside.height; y++) {
    const row = enhanced.subarray(y * inside.width * 4, (y + 1) * inside.width * 4);
    framed.set(row, ((rows[0] + y) * photo.width + columns[0]) * 4);
  }
  return framed;
}

async function enhanceInside(photo, network, lambda, pause) {
  const { data, width, height } = photo;
  const step = Math.max(STEP, network.stride);
  const least = Math.max(step, Math.min(256, 2 * network.stride));
  const maxSide = Math.max(least, Math.floor(network.maxSide / step) * step);
  const fit = { network, lambda, step, least };
  const result = new Uint8ClampedArray(data.length);
  await pause(0);
  if (Math.max(width, height) <= maxSide) {
    const after = await run(withoutAlpha(data), width, height, 0, fit);
    for (let i = 0, from = 0; i < data.length; i += 4, from += 3) {
      for (let k = 0; k < 3; k++) result[i + k] = (after[from + k] + 1) * 127.5;
      result[i + 3] = data[i + 3];
    }
    return result;
  }
  const share = (maxSide - 2 * MARGIN) / Math.max(height, width);
  const small = [width, height].map((side) => Math.max(1, roundEven(share * side)));
  const copy = shrink(photo, ...small);
  const after = await run(copy, ...small, MARGIN, fit);
  const before = toNetwork(copy);
  await carryOver(photo, before, after, small, result, pause);
  return result;
}

// Put RGB through the network, mirrored around its borders; gives floats in [-1, 1].
async function run(picture, width, height, margin, { network, lambda, step, least }) {
  const pads = (side) => {
    const whole = Math.max(least, side + 2 * margin);
    const extra = Math.ceil(whole / step) * step - side;
    return { before: Math.floor(extra / 2), whole: side + extra };
  };
  const [across, down] = [pads(width), pads(height)];
  const columns = Array.from({ length: across.whole }, (_, x) => mirror(x - across.before, width));
  const padded = new Float32Array(across.whole * down.whole * 3);
  for (let y = 0, to = 0; y < down.whole; y++) {
    const row = mirror(y - down.before, height) * width;
    for (let x = 0; x < across.whole; x++, to += 3) {
      const from = (row + columns[x]) * 3;
      for (let k = 0; k < 3; k++) padded[to + k] = picture[from + k] / 127.5 - 1;
    }
  }
  const output = await network.run(padded, down.whole, across.whole, lambda);
  const inside = new Float32Array(width * height * 3);
  const grey = hasNoColour(picture);
  for (let y = 0, to = 0; y < height; y++) {
    let from = ((y + down.before) * across.whole + across.before) * 3;
    for (let x = 0; x < width; x++, from += 3, to += 3) {
      const light = (output[from] + output[from + 1] + output[from + 2]) / 3;
      for (let k = 0; k < 3; k++) inside[to + k] = grey ? light : output[from + k];
    }
  }
  return inside;
}

// The index within 0 .. side - 1 that a mirrored picture shows at i, as np.pad(mode="reflect") has it.
function mirror(i, side) {
  const period = Math.max(1, 2 * (side - 1));
  const place = ((i % period) + period) % period;
  return place < side ? place : period - place;
}

function hasNoColour(picture) {
  for (let i = 0; i < picture.length; i += 3) {
    const [r, g, b] = [picture[i], picture[i + 1], picture[i + 2]];
    if (Math.max(r, g, b) - Math.min(r, g, b) > NEUTRAL) return false;
  }
  return true;
}

const toNetwork = (picture) => Float32Array.from(picture, (level) => level / 127.5 - 1);

function roundEven(x) {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 ? below + 1 : below; // as Python does
}

function withoutAlpha(data) {
  const result = new Uint8Array((data.length / 4) * 3);
  for (let i = 0, to = 0; i < data.length; i += 4, to += 3) {
    for (let k = 0; k < 3; k++) result[to + k] = data[i + k];
  }
  return result;
}

function crop({ data, width }, rows, columns) {
  const inside = { width: columns[1] - columns[0], height: rows[1] - rows[0] };
  inside.data = new Uint8ClampedArray(inside.width * inside.height * 4);
  for (let y = 0; y < inside.height; y++) {
    const from = ((rows[0] + y) * width + columns[0]) * 4;
    inside.data.set(data.subarray(from, from + inside.width * 4), y * inside.width * 4);
  }
  return inside;
}

// --- Black bars at a photo's borders -----------------------------------------------------------

const BLACK = 0.5; // at most the mean level of a line that is black; a JPEG's is not quite
const SPECK = 16; // nothing in such a line is brighter
const EDGE = 8; // lines within which the picture has to begin, after a bar
const LIT = 2; // what at least half of one of these lines must reach

// [first, end] of the rows and of the columns that no black bars cover.
export function insideBars({ data, width, height }) {
  const levels = (from, step, count) => {
    const line = new Uint8Array(count * 3);
    for (let i = 0; i < count; i++, from += step) line.set(data.subarray(from, from + 3), 3 * i);
    return line;
  };
  const rows = between(height, (y) => levels(y * width * 4, 4, width));
  const tall = rows[1] - rows[0];
  const columns = between(width, (x) => levels((rows[0] * width + x) * 4, 4 * width, tall));
  return [rows, columns];
}

function between(count, line) {
  const first = widthOfBar(count, line);
  const last = widthOfBar(count, (i) => line(count - 1 - i));
  return first + last < count ? [first, count - last] : [0, count];
}

function widthOfBar(count, line) {
  let width = 0;
  while (width < count && isBlack(line(width))) width++;
  if (width === 0 || width === count) return 0;
  for (let i = width; i < Math.min(count, width + EDGE); i++) {
    if (medianOfBrightest(line(i)) >= LIT) return width;
  }
  return 0;
}

function isBlack(line) {
  let sum = 0;
  for (const level of line) {
    if (level > SPECK) return false;
    sum += level;
  }
  return sum / line.length <= BLACK;
}

function medianOfBrightest(line) {
  const pixels = Uint8Array.from({ length: line.length / 3 }, (_, i) =>
    Math.max(line[3 * i], line[3 * i + 1], line[3 * i + 2]));
  pixels.sort();
  const middle = pixels.length >> 1;
  return pixels.length % 2 ? pixels[middle] : (pixels[middle - 1] + pixels[middle]) / 2;
}
