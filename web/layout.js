// Rows of images that fill the width, each image uncropped and as high as its neighbours.

export const CAPTION = 26;

// Wider and narrower images are cropped, because the row or the image would be too thin.
const MIN_RATIO = 0.5;
const MAX_RATIO = 3;
// The ratio of an image whose size is not known.
const UNKNOWN_RATIO = 1;

const ratioOf = (item) => Math.min(MAX_RATIO, Math.max(MIN_RATIO, item.ratio ?? UNKNOWN_RATIO));

// The target height of rows: about two images across on a phone, six on a wide screen.
export function rowHeight(width) {
  return Math.round(Math.min(320, Math.max(130, 90 + width / 11)));
}

// The position of each item: rows of {top, height, first, slots: [{left, width}]}, and the total height. A last row that is
// not full is left out while more items follow, because its images would change their size then.
export function layOut(items, width, gap, isComplete) {
  const target = rowHeight(width);
  const rows = [];
  let top = 0;
  for (let first = 0; first < items.length; ) {
    let ratios = 0;
    let count = 0;
    while (first + count < items.length && ratios * target + gap * (count - 1) < width) ratios += ratioOf(items[first + count++]);
    const full = (width - gap * (count - 1)) / ratios;
    if (first + count === items.length && full > target && rows.length && !isComplete) break;
    // The last row is not stretched, and other rows only slightly.
    const height = Math.round(Math.min(full, target * 1.25));
    let left = 0;
    const slots = Array.from({ length: count }, (_, at) => {
      const isLast = at === count - 1 && full <= target * 1.25;
      const slot = { left, width: isLast ? width - left : Math.round(ratioOf(items[first + at]) * height) };
      left += slot.width + gap;
      return slot;
    });
    rows.push({ top, height, first, slots });
    top += height + CAPTION + gap;
    first += count;
  }
  return { rows, height: top };
}

// The rows between two heights, found by bisection.
export function rowsBetween(rows, from, to) {
  const at = (height) => {
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].top + rows[middle].height + CAPTION < height) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const first = at(from);
  let last = first;
  while (last < rows.length && rows[last].top <= to) last++;
  return [first, last];
}
