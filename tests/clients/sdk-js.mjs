// The round's steps with AWS SDK for JavaScript 3. Called by round.py, with the packages in NODE_MODULES.
import { createReadStream, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

const require = createRequire(join(process.env.NODE_MODULES ?? "node_modules", "index.js"));
const {
    CopyObjectCommand,
    DeleteObjectCommand,
    DeleteObjectsCommand,
    GetObjectCommand,
    PutObjectCommand,
    S3Client,
    paginateListObjectsV2,
} = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const s3 = new S3Client({ forcePathStyle: true });

function* filesIn(folder) {
    for (const entry of readdirSync(folder)) {
        const path = join(folder, entry);
        if (statSync(path).isDirectory()) yield* filesIn(path);
        else yield path;
    }
}

async function keysOf(Bucket) {
    const keys = [];
    for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket }))
        for (const { Key } of page.Contents ?? []) keys.push(Key);
    return keys;
}

const steps = {
    async upload(folder, Bucket) {
        for (const path of filesIn(folder)) {
            const params = { Bucket, Key: relative(folder, path), Body: createReadStream(path) };
            await new Upload({ client: s3, params }).done();
        }
    },
    async download(Bucket, folder) {
        for (const Key of await keysOf(Bucket)) {
            const path = join(folder, Key);
            mkdirSync(dirname(path), { recursive: true });
            const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
            writeFileSync(path, await Body.transformToByteArray());
        }
    },
    async copy(from, key, Bucket, Key) {
        const CopySource = `${from}/${encodeURIComponent(key)}`;
        await s3.send(new CopyObjectCommand({ Bucket, Key, CopySource }));
    },
    async delete(Bucket, Key) {
        await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
    async empty(Bucket) {
        const Objects = (await keysOf(Bucket)).map((Key) => ({ Key }));
        const { Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
        if (Errors?.length) throw new Error(JSON.stringify(Errors));
    },
    async presign(Bucket) {
        const Key = "presigned +ü?.txt";
        const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
        const stored = await fetch(put, { method: "PUT", body: "by URL" });
        if (!stored.ok) throw new Error(await stored.text());
        const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
        const text = await (await fetch(get)).text();
        if (text !== "by URL") throw new Error(text);
        await steps.delete(Bucket, Key);
    },
};

const [step, ...parameters] = process.argv.slice(2);
await steps[step](...parameters);
