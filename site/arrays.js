// Arithmetic on arrays that NumPy, SciPy and Pillow do for the library's Python, in the same way,
// so that the same pictures come out.

const FIXED = 22; // bits after the point: Pillow resizes in whole numbers

// What Pillow's bilinear filter weighs: of each pixel of the result, which pixels and how much.
function taps(from, to) {
  const scale = from / to;
  const support = Math.max(scale, 1); // widened when it shrinks, so that nothing aliases
  const size = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(to);
  const weights = new Int32Array(to * size);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const high = Math.min(from, Math.trunc(centre + support + 0.5));
    const row = [];
    for (let x = low; x < high; x++) {
      row.push(Math.max(0, 1 - Math.abs((x - centre + 0.5) / support)));
    }
    const sum = row.reduce((a, b) => a + b, 0);
    first[i] = low;
    row.forEach((weight, k) => (weights[i * size + k] = Math.round((weight / sum) * 2 ** FIXED)));
  }
  return { first, weights, size };
}

// Make a picture smaller: RGBA in, RGB out, both a byte a channel.
export function shrink({ data, width, height }, newWidth, newHeight) {
  const across = taps(width, newWidth);
  const half = new Uint8Array(newWidth * height * 3);
  const round = 1 << (FIXED - 1);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < newWidth; x++, to += 3) {
      let [red, green, blue] = [round, round, round];
      const last = Math.min(across.size, width - across.first[x]);
      for (let k = 0, from = (y * width + across.first[x]) * 4; k < last; k++, from += 4) {
        const weight = across.weights[x * across.size + k];
        red += weight * data[from];
        green += weight * data[from + 1];
        blue += weight * data[from + 2];
      }
      half[to] = red >> FIXED;
      half[to + 1] = green >> FIXED;
      half[to + 2] = blue >> FIXED;
    }
  }
  const down = taps(height, newHeight);
  const result = new Uint8Array(newWidth * newHeight * 3);
  const row = newWidth * 3;
  for (let y = 0; y < newHeight; y++) {
    const last = Math.min(down.size, height - down.first[y]);
    for (let x = 0; x < row; x++) {
      let sum = round;
      for (let k = 0, from = down.first[y] * row + x; k < last; k++, from += row) {
        sum += down.weights[y * down.size + k] * half[from];
      }
      result[y * row + x] = sum >> FIXED;
    }
  }
  return result;
}

// Average each value over the square of side 2 * radius + 1 around it, of rows `first` to `last`
// only. Beyond the border the outermost values repeat.
export function boxMean(plane, width, height, radius, first = 0, last = height, out = null) {
  const result = out ?? new Float32Array(width * (last - first));
  const side = 2 * radius + 1;
  const at = (y) => Math.min(height - 1, Math.max(0, y)) * width;
  const sums = new Float64Array(width);
  for (let y = first - radius; y <= first + radius; y++) {
    for (let x = 0, from = at(y); x < width; x++, from++) sums[x] += plane[from];
  }
  for (let y = first; y < last; y++) {
    const to = (y - first) * width;
    let sum = (radius + 1) * sums[0];
    for (let x = 1; x <= radius; x++) sum += sums[Math.min(x, width - 1)];
    for (let x = 0; x < width; x++) {
      result[to + x] = sum / (side * side);
      const next = x + radius + 1;
      const gone = x - radius;
      sum += sums[next < width ? next : width - 1] - sums[gone > 0 ? gone : 0];
    }
    const enter = at(y + radius + 1);
    const leave = at(y - radius);
    for (let x = 0; x < width; x++) sums[x] += plane[enter + x] - plane[leave + x];
  }
  return result;
}

// Straight pieces through the points (xs, ys), xs never falling; level beyond their ends.
export function interpolate(x, xs, ys) {
  const last = xs.length - 1;
  if (x >= xs[last]) return ys[last];
  if (!(x >= xs[0])) return ys[0];
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  return ys[low] + ((ys[high] - ys[low]) * (x - xs[low])) / (xs[high] - xs[low]);
}

export const linspace = (from, to, count) =>
  Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

// The value below which a share of the values lies.
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
}

export const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

// Solve equations, [[a, b], [c, d]] · x = [e, f], by elimination.
export function solve(equations, right) {
  const n = right.length;
  const rows = equations.map((row, i) => [...row, right[i]]);
  for (let i = 0; i < n; i++) {
    let best = i;
    for (let j = i + 1; j < n; j++) if (Math.abs(rows[j][i]) > Math.abs(rows[best][i])) best = j;
    [rows[i], rows[best]] = [rows[best], rows[i]];
    for (let j = i + 1; j < n; j++) {
      const share = rows[j][i] / rows[i][i];
      for (let k = i; share && k <= n; k++) rows[j][k] -= share * rows[i][k];
    }
  }
  const x = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    let sum = rows[i][n];
    for (let k = i + 1; k < n; k++) sum -= rows[i][k] * x[k];
    x[i] = sum / rows[i][i];
  }
  return x;
}
