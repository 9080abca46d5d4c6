// Draws a ThumbHash: an image's average colours and lowest frequencies in about 25 bytes.
// The format: https://evanw.github.io/thumbhash/

const SIDE = 32;

function bytesOf(base64) {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

// The header: the average colour, and how many frequencies follow for each channel.
function headerOf(bytes) {
  const low = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
  const high = bytes[3] | (bytes[4] << 8);
  const hasAlpha = low >> 23 === 1;
  const isLandscape = high >> 15 === 1;
  const long = hasAlpha ? 5 : 7;
  const short = Math.max(3, high & 7);
  return {
    hasAlpha,
    average: [(low & 63) / 63, ((low >> 6) & 63) / 31.5 - 1, ((low >> 12) & 63) / 31.5 - 1],
    scales: [((low >> 18) & 31) / 31, ((high >> 3) & 63) / 63, ((high >> 9) & 63) / 63],
    columns: isLandscape ? long : short,
    rows: isLandscape ? short : long,
  };
}

// The coefficients of one channel: the triangle of low frequencies, except the average.
function channel(columns, rows, scale, next) {
  const coefficients = [];
  for (let y = 0; y < rows; y++) {
    for (let x = y ? 0 : 1; x * rows < columns * (rows - y); x++) {
      coefficients.push({ x, y, value: (next() / 7.5 - 1) * scale });
    }
  }
  return coefficients;
}

// Draws the hash over the whole of a small canvas. Without a hash the canvas stays transparent.
export function drawThumbHash(canvas, base64) {
  const bytes = bytesOf(base64);
  canvas.width = canvas.height = SIDE;
  if (bytes.length < 5) return;
  const { hasAlpha, average, scales, columns, rows } = headerOf(bytes);
  let nibble = (hasAlpha ? 6 : 5) * 2;
  const next = () => {
    const byte = bytes[nibble >> 1] ?? 0;
    return nibble++ & 1 ? byte >> 4 : byte & 15;
  };
  const luminance = channel(columns, rows, scales[0], next);
  const yellowBlue = channel(3, 3, scales[1] * 1.25, next);
  const redGreen = channel(3, 3, scales[2] * 1.25, next);
  const alpha = hasAlpha ? channel(5, 5, (bytes[5] >> 4) / 15, next) : [];

  const cosines = Array.from({ length: SIDE }, (_, position) => Array.from({ length: 8 }, (_, frequency) => Math.cos((Math.PI / SIDE) * (position + 0.5) * frequency)));
  const sum = (start, coefficients, x, y) =>
    coefficients.reduce((total, one) => total + one.value * cosines[x][one.x] * cosines[y][one.y] * 2, start);
  const pixels = new ImageData(SIDE, SIDE);
  for (let y = 0, at = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, at += 4) {
      const l = sum(average[0], luminance, x, y);
      const p = sum(average[1], yellowBlue, x, y);
      const q = sum(average[2], redGreen, x, y);
      const blue = l - (2 / 3) * p;
      const red = (3 * l - blue + q) / 2;
      pixels.data.set([red, red - q, blue].map((value) => value * 255), at);
      pixels.data[at + 3] = hasAlpha ? sum((bytes[5] & 15) / 15, alpha, x, y) * 255 : 255;
    }
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
