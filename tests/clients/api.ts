// The API through types that openapi-typescript made of its description: `node api.js http://…/v1 photo`. It is type-checked
// first, so it fails on a description without a response's type.
import { readFile } from "node:fs/promises";
import { strict as assert } from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./description.js";

type Image = components["schemas"]["Image"];

const [baseUrl, photo] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl });
// The description calls bytes strings, as OpenAPI 3.0 does.
const bytes = (body: Uint8Array) => ({ body: body as unknown as string, bodySerializer: () => body });

async function settled(key: string): Promise<Image> {
    for (let attempt = 0; attempt < 300; attempt++) {
        const { data } = await api.GET("/images/{key}", { params: { path: { key } } });
        if (data && data.thumbnails.status !== "pending" && data.analysis.status !== "pending") return data;
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error(`${key} stays pending`);
}

const key = "generated/type script.png";
const path = { key };
const uploaded = await api.PUT("/images/{key}", { params: { path }, ...bytes(await readFile(photo)) });
assert.equal(uploaded.response.status, 201);
assert.equal(uploaded.data?.key, key);

const image = await settled(key);
assert.equal(image.thumbnails.status, "done");
const [first] = image.thumbnails.items ?? [];
assert.ok(first && first.width <= first.size);
const [label] = image.analysis.labels ?? [];
assert.ok(label && label.confidence > 50);

const thumbnail = await api.GET("/thumbnails/{size}/{key}", {
    params: { path: { size: String(first.size), key } },
    parseAs: "arrayBuffer",
});
assert.ok(thumbnail.data && thumbnail.data.byteLength > 100);

const shown: string[] = [];
let next: string | null | undefined;
do {
    const query = next ? { limit: 1, next } : { limit: 1 };
    const { data, error } = await api.GET("/labels/{name}", { params: { path: { name: label.name }, query } });
    assert.ok(data, JSON.stringify(error));
    shown.push(...data.images.map((one) => one.key));
    next = data.next;
} while (next);
assert.ok(shown.includes(key), String(shown));
const list = await api.GET("/images", {});
assert.ok(list.data?.images.some((one) => one.key === key && one.analysis.status === "done"));

const large = "generated/in parts.bin";
const begun = await api.POST("/uploads/{key}", { params: { path: { key: large } } });
assert.ok(begun.data, JSON.stringify(begun.error));
const { uploadId } = begun.data;
const parts: components["schemas"]["CompletedPart"][] = [];
for (const [index, size] of [5_242_880, 1000].entries()) {
    const part = index + 1;
    const query = { uploadId, part };
    const sent = await api.PUT("/uploads/{key}", { params: { path: { key: large }, query }, ...bytes(new Uint8Array(size)) });
    const etag = sent.response.headers.get("etag");
    assert.ok(etag, String(sent.response.status));
    parts.push({ part, etag });
}
const completed = await api.PATCH("/uploads/{key}", { params: { path: { key: large }, query: { uploadId } }, body: { parts } });
assert.equal(completed.response.status, 200);
const refused = await settled(large);
assert.equal(refused.thumbnails.reason?.code, "UnsupportedFormat");

for (const key of [large, "generated/type script.png"]) {
    const { response } = await api.DELETE("/images/{key}", { params: { path: { key } } });
    assert.equal(response.status, 204);
}
const missing = await api.GET("/thumbnails/{size}/{key}", { params: { path: { size: "256", key: "no such key" } } });
assert.equal(missing.response.status, 404);
assert.ok(missing.error && "message" in missing.error && missing.error.message);
console.log(`typescript ok, ${label.name} ${label.confidence}`);
