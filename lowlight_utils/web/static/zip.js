// A ZIP file of photos: stored as they are, since photos are compressed already. The format is
// PKWARE's APPNOTE.TXT, sections 4.3 and 4.4, as far as files below 4 GB need it.
"use strict";

const CRC = Uint32Array.from({ length: 256 }, (_, i) => {
  for (let bit = 0; bit < 8; bit++) i = i & 1 ? (i >>> 1) ^ 0xedb88320 : i >>> 1;
  return i;
});

function checksum(bytes) {
  let sum = -1;
  for (const byte of bytes) sum = CRC[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

// Numbers as they stand in the file: each of 2 or 4 bytes, the least first.
function inBytes(...sized) {
  const view = new DataView(new ArrayBuffer(sized.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of sized) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return view.buffer;
}

// files: [{ name, blob }]. Null if they are too large together.
async function zip(files) {
  const parts = [];
  const list = []; // at the file's end: what is in it, and where
  let at = 0;
  const now = new Date();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const UTF8 = 0x800; // a flag: that is how the names are written
  for (const { name, blob } of files) {
    const path = new TextEncoder().encode(name);
    const sum = checksum(new Uint8Array(await blob.arrayBuffer()));
    const told = [[2, 20], [2, UTF8], [2, 0], [2, time], [2, date], [4, sum], [4, blob.size], [4, blob.size], [2, path.length], [2, 0]];
    const head = inBytes([4, 0x04034b50], ...told);
    parts.push(head, path, blob);
    list.push(inBytes([4, 0x02014b50], [2, 20], ...told, [2, 0], [2, 0], [2, 0], [4, 0], [4, at]), path);
    at += head.byteLength + path.length + blob.size;
    if (at >= 2 ** 32 - 2 ** 24 || files.length > 65_000) return null;
  }
  const listed = new Blob(list).size;
  const many = [[2, files.length], [2, files.length]];
  const end = inBytes([4, 0x06054b50], [2, 0], [2, 0], ...many, [4, listed], [4, at], [2, 0]);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}
