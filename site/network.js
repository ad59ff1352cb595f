// The networks, run by ONNX Runtime: on the graphics processor through WebGPU where the browser has
// one, else on the processor as WebAssembly. Nothing is fetched before a network is asked for.

const here = (name) => new URL(name, import.meta.url).href;
let parts; // what live.json says of every file: its name and its size
let runtime; // { ort, how }: loaded once, and kept
const networks = new Map();

// A network by its name: { run(picture, height, width, lambda), stride, maxSide }.
export async function load(name, progress) {
  if (!networks.has(name)) networks.set(name, await start(name, progress));
  return networks.get(name);
}

async function start(name, progress) {
  parts ??= await (await get("live.json")).json();
  const part = parts.networks[name];
  const how = runtime?.how ?? ((await hasWebGPU()) ? "webgpu" : "wasm");
  const loading = runtime ? [part] : [part, parts.runtimes[how]];
  const total = loading.reduce((sum, each) => sum + each.bytes, 0);
  let came = 0;
  const count = (bytes) => progress((came += bytes) / total);
  const model = await fetchBytes(part.file, count);
  runtime ??= await startRuntime(how, count);
  const options = { executionProviders: [runtime.how], logSeverityLevel: 3 };
  try {
    const session = await runtime.ort.InferenceSession.create(model, options);
    const network = { ...part, how: runtime.how, run: (...given) => run(session, part, ...given) };
    if (runtime.how === "wasm" || (await agrees(network))) return network;
  } catch (error) {
    if (runtime.how === "wasm") throw error;
  }
  // A graphics processor, or its driver, that does not do as it should: the processor does.
  runtime = await startRuntime("wasm", () => {});
  networks.clear();
  return start(name, progress);
}

async function startRuntime(how, count) {
  const { script, file } = parts.runtimes[how];
  const [ort, wasmBinary] = await Promise.all([import(here(script)), fetchBytes(file, count)]);
  ort.env.wasm.wasmBinary = wasmBinary.buffer;
  ort.env.wasm.wasmPaths = here("runtime/");
  // Threads share memory, which a browser allows on pages that were sent with two headers.
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;
  return { ort, how };
}

async function run(session, part, picture, height, width, lambda) {
  const { Tensor } = runtime.ort;
  const given = { picture: new Tensor("float32", picture, [1, height, width, 3]) };
  if (part.lambda) given.lambda = new Tensor("float32", [lambda], [1, 1]);
  const { enhanced } = await session.run(given);
  return enhanced.data;
}

// Whether there is a graphics processor. One that software plays is slower than WebAssembly.
async function hasWebGPU() {
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    return Boolean(adapter) && !adapter.info?.isFallbackAdapter;
  } catch {
    return false;
  }
}

// Whether a network gives what Keras gave of the same picture when the page was built.
async function agrees({ run, check }) {
  const { height, width, every, expected } = check;
  const picture = Float32Array.from({ length: height * width * 3 }, (_, i) => ((i * i) % 83) / 83 - 1);
  const result = await run(picture, height, width, 115);
  return expected.every((value, i) => Math.abs(result[i * every] - value) < 2 / 127.5);
}

async function get(name) {
  const answer = await fetch(here(name)).catch(() => null);
  if (answer?.ok) return answer;
  throw new Error("The network could not be fetched. Is there a connection? Try again.");
}

// A file's bytes, unpacked if it is packed; `count` is told as they come.
async function fetchBytes(name, count) {
  const reader = (await get(name)).body.getReader();
  const chunks = [];
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error("The connection broke while the network was fetched. Try again.");
    });
    if (done) break;
    chunks.push(value);
    count(value.length);
  }
  const bytes = new Blob(chunks);
  const [first, second] = chunks[0];
  const packed = first === 0x1f && second === 0x8b; // unless the server's headers said so already
  const stream = packed ? bytes.stream().pipeThrough(new DecompressionStream("gzip")) : bytes.stream();
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
