// One thumbnail by sharp, as `--example thumbnail` makes one: INPUT OUTPUT SIZE ITERATIONS.
import fs from "node:fs";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);

const [, , input, output, size, iterations] = process.argv;
const bytes = fs.readFileSync(input);
const times = [];
let made;
for (let i = 0; i < Number(iterations); i++) {
  const before = process.cpuUsage();
  const image = sharp(bytes).rotate().resize(Number(size), Number(size), { fit: "inside", withoutEnlargement: true });
  made = await (output.endsWith(".png") ? image.png() : image.jpeg({ quality: 80 })).toBuffer();
  const { user, system } = process.cpuUsage(before);
  times.push((user + system) / 1000);
}
fs.writeFileSync(output, made);
times.sort((a, b) => a - b);
// Not resourceUsage(): its peak counts what this process was before it became Node.
const [, peak] = /VmHWM:\s*(\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"));
console.log(JSON.stringify({ cpu_ms: times[times.length >> 1], peak_rss_kb: Number(peak) }));
