// The service worker: what the pages have fetched is kept, so that they open and enhance without a
// connection. A new build is another version, and takes the place of the one before.
"use strict";

const FIRST = {{ first_files | tojson }}; // kept at once
const LATER = {{ later_files | tojson }}; // kept when they are first asked for
const KEPT = `lowlight-live ${self.registration.scope} `; // other folders of this host have their own
const NAME = `${KEPT}{{ build }}`;
const addresses = new Set([...FIRST, ...LATER].map((name) => new URL(name, self.registration.scope).href));

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FIRST)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

async function forgetOthers() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(KEPT) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && addresses.has(url.replace(/[?#].*/, ""))) event.respondWith(answer(event.request));
});

async function answer(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: true });
  if (kept) return kept;
  const came = await fetch(request);
  if (came.status === 200) cache.put(request, came.clone());
  return came;
}
