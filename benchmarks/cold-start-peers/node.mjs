// A function of Node.js that has imported what is named, asking for its first event: MODULE…
const modules = {
  sharp: "sharp",
  s3: "@aws-sdk/client-s3",
  dynamodb: "@aws-sdk/client-dynamodb",
  rekognition: "@aws-sdk/client-rekognition",
};
for (const name of process.argv.slice(2)) await import(modules[name]);
const { get } = await import("node:http");
get(`http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next`).on("error", () => {});
