// Carry an enhancement that was computed on a small copy over to the full-size photo: the method of
// lowlight_utils/prediction/detail.py and noise.py, where its reasons stand, in the browser. Photos
// are RGBA, a byte a channel; small copies are floats in [-1, 1], RGB.

import { boxMean, interpolate, linspace, mean, quantile, solve } from "./arrays.js";

const KNOTS = 13; // of the tone curve, closer together where it is dark
const STEEPEST = 10; // levels by which the curve may rise from one level to the next
const STIFFNESS = 1e-3; // of the tone curve, where the photo has few pixels of a level
const DENOISED = 0.05; // share of the variance that, once taken away, marks denoising
const RADII = [2, 3, 3]; // of the squares that are smoothed: of brightness, and of colour
const CAUTION = 1.6; // what varies by no more than this many times the noise is noise
const QUIET = 0.05; // share of the squares of a brightness that show its noise and little else
const ROUNDED = [0.25, 0.5, 0.5].map((each) => each / 127.5 ** 2); // what rounding and JPEG leave
const UNLIKELY = 3; // times the noise at other levels is more than noise varies
const SHADES = 4096; // of brightness; from one level to the next noise may change by a quarter
const STRIP = 64; // rows in work at a time
const BLOCK = 16; // side of the squares in which noise is measured
const BLOCK_ROWS = 32; // as many rows of such squares are looked at, spread over the photo

const LEVELS = linspace(-1, 1, 256);
const FINE = linspace(-1, 1, SHADES);
const NETWORK = Float32Array.from({ length: 256 }, (_, level) => level / 127.5 - 1);

// Write the enhanced photo into `result`. `pause(share)` is awaited between strips: it may throw,
// to break off.
export async function carryOver(photo, before, after, small, result, pause) {
  const { data, width, height } = photo;
  const curves = [0, 1, 2].map((channel) => toneCurve(before, after, channel));
  const noise = brightenNoise(noiseByLevel(photo), curves);
  const denoised = denoisedShare(before, after, small);
  const smooths = noise.some(Boolean) && denoised.some(Boolean);
  const enlarge = enlarger([...beyond(before, after, curves), denoised], small, width, height);
  const margin = Math.max(...RADII);
  const area = width * (STRIP + 2 * margin);
  const planes = RADII.map(() => new Float32Array(area));
  const squares = new Float32Array(area);
  const means = RADII.map(() => new Float32Array(width * STRIP));
  const variances = RADII.map(() => new Float32Array(width * STRIP));
  for (let top = 0; top < height; top += STRIP) {
    await pause(top / height);
    const bottom = Math.min(top + STRIP, height);
    const first = Math.max(0, top - margin);
    const last = Math.min(height, bottom + margin);
    split(data, curves, first * width, last * width, planes);
    if (smooths) {
      const rows = [top - first, bottom - first];
      for (let i = 0; i < 3; i++) {
        measure(planes[i], squares, width, last - first, RADII[i], rows, means[i], variances[i]);
      }
    }
    for (let y = top; y < bottom; y++) {
      const [red, green, blue, share] = enlarge(y);
      let at = (y - first) * width; // in the planes
      let inside = (y - top) * width; // in means and variances
      for (let x = 0, to = y * width * 4; x < width; x++, at++, inside++, to += 4) {
        let [p, q, r] = [planes[0][at], planes[1][at], planes[2][at]];
        if (smooths) {
          const average = means[0][inside];
          const shade = Math.round(((average + 1) / 2) * (SHADES - 1));
          const place = Math.min(SHADES - 1, Math.max(0, shade)) * 3;
          const away = share[x];
          p += away * shareOf(noise[place], variances[0][inside]) * (average - p);
          q += away * shareOf(noise[place + 1], variances[1][inside]) * (means[1][inside] - q);
          r += away * shareOf(noise[place + 2], variances[2][inside]) * (means[2][inside] - r);
        }
        const g = p - (q + r) / 4;
        result[to] = (g + q + red[x] + 1) * 127.5; // a clamped array rounds by itself
        result[to + 1] = (g + green[x] + 1) * 127.5;
        result[to + 2] = (g + r + blue[x] + 1) * 127.5;
        result[to + 3] = data[to + 3];
      }
    }
  }
}

const shareOf = (noise, variance) => Math.min(1, noise / Math.max(variance, 1e-9));

// Brightness and two differences of colours of the photo with curves applied; of a grey those are 0.
function split(data, [reds, greens, blues], from, to, [brightness, red, blue]) {
  for (let i = from, at = 0; i < to; i++, at++) {
    const r = reds[data[4 * i]];
    const g = greens[data[4 * i + 1]];
    const b = blues[data[4 * i + 2]];
    brightness[at] = (r + b) / 4 + g / 2;
    red[at] = r - g;
    blue[at] = b - g;
  }
}

// Local means and variances of some rows of a plane.
function measure(plane, squares, width, height, radius, [first, last], means, variances) {
  for (let i = 0; i < width * height; i++) squares[i] = plane[i] * plane[i];
  boxMean(plane, width, height, radius, first, last, means);
  boxMean(squares, width, height, radius, first, last, variances);
  for (let i = 0; i < width * (last - first); i++) {
    variances[i] = Math.max(0, variances[i] - means[i] * means[i]);
  }
}

// What was done to one channel, as a curve over its 256 levels: straight pieces, fitted by least
// squares to all pixels, that never fall.
export function toneCurve(before, after, channel) {
  const knots = linspace(0, 1, KNOTS).map((each) => 2 * each * each - 1);
  const equations = knots.reduce((all) => [...all, new Float64Array(KNOTS)], []);
  const right = new Float64Array(KNOTS);
  const count = before.length / 3;
  for (let i = channel; i < before.length; i += 3) {
    const x = Math.min(1, Math.max(-1, before[i]));
    const change = (after[i] - x) / count;
    // Knots are squares, so that the piece follows from a root; rounding may be off by one.
    let piece = Math.min(KNOTS - 2, Math.floor(Math.sqrt((x + 1) / 2) * (KNOTS - 1)));
    if (piece < KNOTS - 2 && x >= knots[piece + 1]) piece++;
    else if (x < knots[piece]) piece--;
    const b = (x - knots[piece]) / (knots[piece + 1] - knots[piece]);
    const a = 1 - b;
    equations[piece][piece] += (a * a) / count;
    equations[piece + 1][piece + 1] += (b * b) / count;
    equations[piece][piece + 1] += (a * b) / count;
    equations[piece + 1][piece] += (a * b) / count;
    right[piece] += a * change;
    right[piece + 1] += b * change;
  }
  for (let i = 0; i < KNOTS - 2; i++) {
    // How much the curve bends at a knot, as weights of the three values around it.
    const [left, next] = [knots[i + 1] - knots[i], knots[i + 2] - knots[i + 1]];
    const bend = [1 / left, -1 / left - 1 / next, 1 / next].map((each) => each / KNOTS);
    bend.forEach((p, j) => bend.forEach((q, k) => (equations[i + j][i + k] += STIFFNESS * p * q)));
  }
  for (let i = 0; i < KNOTS; i++) equations[i][i] += 1e-12;
  const changes = solve(equations, right);
  const curve = LEVELS.map((x) => Math.min(1, Math.max(-1, x + interpolate(x, knots, changes))));
  for (let i = 1; i < 256; i++) curve[i] = Math.max(curve[i], curve[i - 1]);
  // From white down: where it is steeper, a level more or less is rounding and not detail.
  const falls = curve.map((each, i) => Math.min(curve[i + 1] - each, STEEPEST / 127.5));
  for (let i = 254; i >= 0; i--) curve[i] = curve[i + 1] - falls[i];
  return Float32Array.from(curve);
}

// What was done beyond the curves, as three planes.
function beyond(before, after, curves) {
  return curves.map((curve, channel) => {
    const plane = new Float32Array(before.length / 3);
    for (let i = 0, at = channel; i < plane.length; i++, at += 3) {
      plane[i] = after[at] - interpolate(before[at], LEVELS, curve);
    }
    return plane;
  });
}

// The photo's noise as variances by level of brightness, [256, 3], in the network's units.
export function noiseByLevel({ data, width, height }) {
  const [columns, lines] = [Math.floor(width / BLOCK), Math.floor(height / BLOCK)];
  const squares = []; // [brightness, variance of each plane]
  const margin = Math.max(...RADII);
  const inner = columns * BLOCK;
  for (const line of new Set(linspace(0, lines - 1, BLOCK_ROWS).map(Math.floor))) {
    if (!lines) break;
    const first = Math.max(0, line * BLOCK - margin);
    const last = Math.min(height, (line + 1) * BLOCK + margin);
    const cut = new Uint8Array(inner * (last - first) * 4);
    for (let y = first; y < last; y++) {
      cut.set(data.subarray(y * width * 4, (y * width + inner) * 4), (y - first) * inner * 4);
    }
    const planes = RADII.map(() => new Float32Array(inner * (last - first)));
    split(cut, [NETWORK, NETWORK, NETWORK], 0, inner * (last - first), planes);
    const rows = [line * BLOCK - first, line * BLOCK - first + BLOCK];
    const local = planes.map((plane, i) => {
      const [means, variances] = [0, 1].map(() => new Float32Array(inner * BLOCK));
      measure(plane, plane.slice(), inner, last - first, RADII[i], rows, means, variances);
      return variances;
    });
    local.unshift(planes[0].subarray(rows[0] * inner));
    for (let column = 0; column < columns; column++) {
      squares.push(local.map((plane) => blockMean(plane, column * BLOCK, inner)));
    }
  }
  const noise = new Float32Array(256 * 3);
  if (lines * columns < 8) return noise; // too small to tell
  squares.sort((a, b) => a[0] - b[0]);
  let kinds = parts(squares, Math.min(12, Math.floor(squares.length / 4))).map((kind) => ({
    at: mean(kind.map((square) => square[0])),
    quiet: RADII.map((_, i) => quantile(kind.map((square) => square[i + 1]), QUIET)),
  }));
  // What is nearly black is taken to be as noisy as what is just brighter: clipping hides noise.
  const clear = kinds.filter((kind) => Math.abs(kind.at) < 1 - 6 / 127.5);
  if (clear.length) kinds = clear;
  for (let i = 0; i < 3; i++) {
    const most = UNLIKELY * quantile(kinds.map((kind) => kind.quiet[i]), 0.25);
    const quiet = kinds.map((kind) => Math.max(ROUNDED[i], Math.min(most, kind.quiet[i])));
    const at = kinds.map((kind) => kind.at);
    LEVELS.forEach((level, j) => (noise[3 * j + i] = interpolate(level, at, quiet)));
  }
  return noise;
}

function blockMean(plane, column, width) {
  let sum = 0;
  for (let y = 0; y < BLOCK; y++) {
    for (let x = column; x < column + BLOCK; x++) sum += plane[y * width + x];
  }
  return sum / BLOCK ** 2;
}

// Cut a list into so many parts, the first ones longer by one where it does not divide.
function parts(list, count) {
  const [size, longer] = [Math.floor(list.length / count), list.length % count];
  return Array.from({ length: count }, (_, i) => {
    const from = i * size + Math.min(i, longer);
    return list.slice(from, from + size + (i < longer));
  });
}

// What the noise becomes once the curves have been applied, by new shade, times CAUTION.
function brightenNoise(noise, curves) {
  const curve = LEVELS.map((_, i) => mean(curves.map((each) => each[i])));
  const slope = curve.map((_, i) => {
    const [low, high] = [Math.max(0, i - 1), Math.min(255, i + 1)];
    return (curve[high] - curve[low]) / (LEVELS[high] - LEVELS[low]);
  });
  const result = new Float32Array(SHADES * 3);
  for (let channel = 0; channel < 3; channel++) {
    const brightened = slope.map((each, i) => noise[3 * i + channel] * each * each);
    FINE.forEach((shade, i) => {
      result[3 * i + channel] = CAUTION * interpolate(shade, curve, brightened);
    });
  }
  return result;
}

// Where the network took noise away: from 0, where it did not, to 1.
export function denoisedShare(before, after, [width, height]) {
  const grey = (picture) =>
    Float64Array.from({ length: width * height }, (_, i) =>
      (picture[3 * i] + picture[3 * i + 1] + picture[3 * i + 2]) / 3);
  const average = (plane) =>
    boxMean(plane, width, height, 1, 0, height, new Float64Array(plane.length));
  const [x, y] = [grey(before), grey(after)];
  const [xMean, yMean] = [average(x), average(y)];
  const xx = average(x.map((each) => each * each));
  const yy = average(y.map((each) => each * each));
  const xy = average(x.map((each, i) => each * y[i]));
  const share = x.map((_, i) => {
    const variance = Math.max(0, xx[i] - xMean[i] ** 2);
    const other = Math.max(0, yy[i] - yMean[i] ** 2);
    // What the output does not share of the input's variance, the network took away.
    const removed = variance - (xy[i] - xMean[i] * yMean[i]) ** 2 / Math.max(other, 1e-12);
    return Math.min(1, Math.max(0, removed / (DENOISED * variance + 1e-9)));
  });
  return Float32Array.from(average(share));
}

// A function of y that gives that row of small planes, enlarged to the photo's size.
function enlarger(planes, [width, height], newWidth, newHeight) {
  const left = new Int32Array(newWidth);
  const right = new Int32Array(newWidth);
  const share = new Float32Array(newWidth);
  for (let x = 0; x < newWidth; x++) [left[x], right[x], share[x]] = between(x, newWidth, width);
  const row = new Float32Array(width);
  const rows = planes.map(() => new Float32Array(newWidth));
  return (y) => {
    const [above, below, part] = between(y, newHeight, height);
    planes.forEach((plane, i) => {
      const [a, b] = [above * width, below * width];
      for (let x = 0; x < width; x++) row[x] = plane[a + x] + part * (plane[b + x] - plane[a + x]);
      const result = rows[i];
      for (let x = 0; x < newWidth; x++) {
        result[x] = row[left[x]] + share[x] * (row[right[x]] - row[left[x]]);
      }
    });
    return rows;
  };
}

// Between which two of `small` pixels the centre of one of `large` lies, and how near the second.
function between(i, large, small) {
  const place = Math.min(small - 1, Math.max(0, ((i + 0.5) * small) / large - 0.5));
  const low = Math.floor(place);
  return [low, Math.min(low + 1, small - 1), place - low];
}
