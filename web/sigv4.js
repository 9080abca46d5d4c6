// AWS Signature Version 4 for API Gateway, with WebCrypto.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const utf8 = new TextEncoder();

const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function sha256(data) {
  return hex(await crypto.subtle.digest("SHA-256", typeof data === "string" ? utf8.encode(data) : data));
}

async function hmac(key, text) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return crypto.subtle.sign("HMAC", imported, utf8.encode(text));
}

// RFC 3986: everything but unreserved characters is encoded.
export function encode(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

// The headers that sign a request. `path` is encoded as it is sent; `query` is pairs, which are encoded and sorted here as
// they must be sent. `date` is the API's time.
export async function signature({ method, host, path, query, body }, credentials, date) {
  const time = date.toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${credentials.region}/execute-api/aws4_request`;
  const headers = { host, "x-amz-date": time };
  if (credentials.sessionToken) headers["x-amz-security-token"] = credentials.sessionToken;
  const names = Object.keys(headers).join(";");
  const payload = body instanceof Blob ? await body.arrayBuffer() : (body ?? "");
  const canonical = [
    method,
    // Every service but S3 encodes the path once more.
    path.split("/").map(encode).join("/"),
    query,
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    "",
    names,
    await sha256(payload),
  ].join("\n");
  let key = utf8.encode(`AWS4${credentials.secretKey}`);
  for (const text of scope.split("/")) key = await hmac(key, text);
  const signed = hex(await hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${await sha256(canonical)}`));
  delete headers.host;
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${scope}, SignedHeaders=${names}, Signature=${signed}`;
  return headers;
}
