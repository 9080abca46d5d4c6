//! The changes of a soak test: the same for the same seed, so that an interrupted one can continue.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use thumbnail::{Limits, Rgb};

use crate::options::Options;

/// Changes in one batch; those of one key are made one after the other.
pub const BATCH: u64 = 500;

/// Rekognition's smallest side.
pub const MIN_ANALYZED: u32 = 80;
/// A cup of coffee.
static PHOTOGRAPH: LazyLock<Rgb> = LazyLock::new(|| {
    let file = include_bytes!("../../../../photos/coffee.png");
    thumbnail::pixels(file, 160, &Limits::default()).expect("a photograph of this repository")
});

/// The sides of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

/// A change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Upload an image of this size.
    Upload(Size),
    /// Upload what is not an image.
    UploadText(u64),
    /// Delete.
    Delete,
}

impl Change {
    /// The body of the upload; `None` for a deletion.
    pub fn body(self) -> Option<Bytes> {
        match self {
            Self::Upload(size) => Some(bitmap(size)),
            Self::UploadText(number) => Some(format!("no image, number {number}").into()),
            Self::Delete => None,
        }
    }
}

/// All changes, computed as needed.
pub struct Plan {
    options: Options,
}

impl Plan {
    pub fn new(options: &Options) -> Self {
        Self {
            options: options.clone(),
        }
    }

    /// The changes `first..first + BATCH` by key, in their order.
    pub fn batch(&self, first: u64) -> BTreeMap<String, Vec<Change>> {
        let mut batch: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for number in first..self.options.changes.min(first + BATCH) {
            let (key, change) = self.change(number);
            batch.entry(key).or_default().push(change);
        }
        batch
    }

    /// The last change of every key.
    pub fn outcome(&self) -> BTreeMap<String, Change> {
        (0..self.options.changes)
            .map(|number| self.change(number))
            .collect()
    }

    fn change(&self, number: u64) -> (String, Change) {
        let random = mix(self.options.seed.rotate_left(32) ^ number);
        let is_new = number == 0 || random % 100 < self.options.new_percent;
        let key_number = if is_new {
            number
        } else {
            (random >> 8) % number
        };
        let key = format!("{:02x}/image {key_number}.bmp", key_number % 97);
        if !is_new && (random >> 16).is_multiple_of(6) {
            return (key, Change::Delete);
        }
        if (random >> 24).is_multiple_of(100) {
            return (key, Change::UploadText(number));
        }
        let least = if (random >> 32) % 100 < self.options.analyzed_percent {
            MIN_ANALYZED
        } else {
            1
        };
        let side = |shift: u32| least + u32::try_from((random >> shift) % 64).unwrap_or(0);
        let upload = Change::Upload(Size {
            width: side(40),
            height: side(48),
        });
        (key, upload)
    }
}

/// splitmix64 (<https://prng.di.unimi.it/splitmix64.c>, public domain).
pub const fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A Windows bitmap of 24 bits a pixel: the photograph, stretched, if it is large enough to be analyzed, so that it has
/// labels, and a gradient otherwise (<https://learn.microsoft.com/windows/win32/gdi/bitmap-storage>).
fn bitmap(size: Size) -> Bytes {
    const HEADER: u32 = 54;
    let Size { width, height } = size;
    let row = (width * 3).div_ceil(4) * 4;
    let mut file = Vec::from(*b"BM");
    let numbers = [HEADER + row * height, 0, HEADER, 40, width, height];
    for number in numbers {
        file.extend(number.to_le_bytes());
    }
    // One plane, 24 bits, not compressed; the rest may be 0.
    file.extend([1, 0, 24, 0]);
    file.resize(HEADER as usize, 0);
    let shade = |value: u32, of: u32| u8::try_from(value * 255 / of).unwrap_or(255);
    for y in (0..height).rev() {
        for x in 0..width {
            if width.min(height) < MIN_ANALYZED {
                file.extend([shade(x, width), shade(y, height), 128]);
                continue;
            }
            let Rgb {
                width: across,
                height: down,
                data,
            } = &*PHOTOGRAPH;
            let at = (y * down / height * across + x * across / width) as usize * 3;
            // Blue, green, red, from the bottom row.
            file.extend(data[at..at + 3].iter().rev());
        }
        file.resize((HEADER + row * (height - y)) as usize, 0);
    }
    file.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_the_same_each_time_and_ends_as_its_last_changes_say() {
        let options = Options {
            changes: 2_000,
            ..Options::default()
        };
        let plan = Plan::new(&options);
        let mut outcome = BTreeMap::new();
        for first in (0..options.changes).step_by(usize::try_from(BATCH).unwrap()) {
            assert_eq!(plan.batch(first), Plan::new(&options).batch(first));
            for (key, changes) in plan.batch(first) {
                outcome.insert(key, *changes.last().unwrap());
            }
        }
        assert_eq!(outcome, plan.outcome());
        let deleted = outcome.values().filter(|change| **change == Change::Delete);
        let deleted = deleted.count();
        assert!((20..200).contains(&deleted), "{deleted}");
        assert!(outcome.len() > 1_000, "{}", outcome.len());
    }

    #[test]
    fn a_bitmap_has_rows_of_whole_words() {
        let bitmap = bitmap(Size {
            width: 3,
            height: 2,
        });
        assert_eq!(bitmap.len(), 54 + 2 * 12);
        assert_eq!(bitmap[2..6], 78_u32.to_le_bytes());
    }
}
