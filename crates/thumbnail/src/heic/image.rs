//! Which item is the image, what it consists of, and how it is displayed.

use std::collections::BTreeSet;

use super::boxes::{Fields, full_box};
use super::container::Container;
use super::unsupported;
use crate::Error;
use crate::bytes::HeaderError;
use crate::srgb::MAX_ICC_PROFILE;

/// A rectangle of the coded image, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crop {
    pub left: usize,
    pub top: usize,
    pub width: usize,
    pub height: usize,
}

/// Numbers of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nclx {
    pub primaries: u16,
    pub transfer: u16,
    pub matrix: u16,
    pub full_range: bool,
}

impl Nclx {
    pub const UNSPECIFIED: Self = Self {
        primaries: 2,
        transfer: 2,
        matrix: 2,
        full_range: false,
    };
}

pub(super) struct Image<'a> {
    /// Coded images, row by row; one for an image that is no grid.
    pub tiles: Vec<u32>,
    pub across: usize,
    /// Of each tile.
    pub tile_width: usize,
    pub tile_height: usize,
    /// Width and height before it is cropped.
    pub uncropped: (usize, usize),
    /// The visible part of all tiles together.
    pub crop: Crop,
    /// As in EXIF, 1 to 8.
    pub orientation: u8,
    pub nclx: Option<Nclx>,
    pub icc_profile: Option<&'a [u8]>,
    pub alpha: Option<u32>,
    /// The colors are multiplied by alpha.
    pub premultiplied: bool,
}

/// Pixels that the tiles of a grid may have beyond those of the image: 30 %, or this many if that is more.
const MAX_EXCESS: usize = 4_000_000;

impl<'a> Image<'a> {
    /// The primary item; if that is not supported, its largest preview that is.
    pub fn find(container: &Container<'a>) -> Result<Self, Error> {
        let primary = Self::read(container, container.primary);
        let Err(Error::UnsupportedVariant { .. }) = primary else {
            return primary;
        };
        container
            .referring(*b"thmb", container.primary)
            .filter_map(|preview| Self::read(container, preview).ok())
            .max_by_key(|preview| preview.crop.width * preview.crop.height)
            .map_or(primary, Ok)
    }

    /// An alpha item, of which only the samples are used.
    pub fn alpha(container: &Container<'a>, id: u32) -> Result<Self, Error> {
        Self::read(container, id)
    }

    /// Pixels of all tiles.
    pub fn coded_pixels(&self) -> u64 {
        (self.tile_width * self.tile_height * self.tiles.len()) as u64
    }

    fn read(container: &Container<'a>, id: u32) -> Result<Self, Error> {
        let mut image = match kind(container, id)? {
            b"hvc1" | b"hev1" => Self::coded(container, id)?,
            b"grid" => Self::grid(container, id)?,
            b"iovl" => return Err(unsupported("it is an overlay of several images")),
            b"iden" => return Err(unsupported("it is derived from another image")),
            b"av01" => return Err(Error::Avif),
            b"jpeg" => return Err(unsupported("it holds JPEG")),
            b"j2k1" => return Err(unsupported("it holds JPEG 2000")),
            b"vvc1" => return Err(unsupported("it holds VVC")),
            b"avc1" => return Err(unsupported("it holds AVC")),
            b"unci" => return Err(unsupported("it is not compressed")),
            _ => return Err(unsupported("it is of an unknown kind")),
        };
        image.transform(container, id)?;
        image.colors(container, id)?;
        image.alpha = container
            .referring(*b"auxl", id)
            .find(|item| is_alpha(container, *item));
        image.premultiplied = image
            .alpha
            .is_some_and(|alpha| container.referred(*b"prem", id).contains(&alpha));
        Ok(image)
    }

    fn coded(container: &Container<'a>, id: u32) -> Result<Self, Error> {
        let (width, height) = declared_size(container, id).ok_or_else(no_size)?;
        Ok(Self::of_tiles(
            vec![id],
            1,
            (width, height),
            (width, height),
        ))
    }

    fn of_tiles(
        tiles: Vec<u32>,
        across: usize,
        (tile_width, tile_height): (usize, usize),
        (width, height): (usize, usize),
    ) -> Self {
        Self {
            tiles,
            across,
            tile_width,
            tile_height,
            uncropped: (width, height),
            crop: Crop {
                left: 0,
                top: 0,
                width,
                height,
            },
            orientation: 1,
            nclx: None,
            icc_profile: None,
            alpha: None,
            premultiplied: false,
        }
    }

    /// ISO/IEC 23008-12, section 6.6.2.3.
    fn grid(container: &Container<'a>, id: u32) -> Result<Self, Error> {
        let data = container.data(id)?;
        let mut fields = Fields(&data);
        let mut read = || -> Result<_, HeaderError> {
            let (_, flags) = (fields.u8()?, fields.u8()?);
            let (rows, columns) = (fields.u8()?, fields.u8()?);
            let size = if flags & 1 == 1 { 4 } else { 2 };
            Ok((
                usize::from(rows) + 1,
                usize::from(columns) + 1,
                (fields.number(size)? as usize, fields.number(size)? as usize),
            ))
        };
        let (down, across, (width, height)) =
            read().map_err(|_| Error::corrupt("its grid is invalid"))?;
        let tiles = container.referred(*b"dimg", id).to_vec();
        let [first, ..] = tiles[..] else {
            return Err(Error::corrupt("its grid has no tiles"));
        };
        if tiles.len() != across * down {
            return Err(Error::corrupt("its grid has the wrong number of tiles"));
        }
        if BTreeSet::from_iter(&tiles).len() != tiles.len() {
            return Err(unsupported("its grid repeats tiles"));
        }
        let (tile_width, tile_height) = declared_size(container, first).ok_or_else(no_size)?;
        for tile in &tiles {
            if !matches!(kind(container, *tile)?, b"hvc1" | b"hev1") {
                return Err(unsupported("the tiles of its grid are not coded images"));
            }
            if declared_size(container, *tile) != Some((tile_width, tile_height)) {
                return Err(Error::corrupt("the tiles of its grid are of several sizes"));
            }
        }
        let (all_width, all_height) = (tile_width * across, tile_height * down);
        if width == 0 || height == 0 || width > all_width || height > all_height {
            return Err(Error::corrupt("its grid is larger than its tiles together"));
        }
        let (pixels, coded) = (width * height, all_width * all_height);
        if coded > pixels + (pixels / 10 * 3).max(MAX_EXCESS) {
            return Err(Error::corrupt(
                "the tiles of its grid cover much more than the image",
            ));
        }
        let mut image = Self::of_tiles(tiles, across, (tile_width, tile_height), (width, height));
        // Some writers give colors to the tiles alone.
        image.colors(container, first)?;
        Ok(image)
    }

    /// `clap`, `irot` and `imir`, in the order of the item's properties.
    fn transform(&mut self, container: &Container<'a>, id: u32) -> Result<(), Error> {
        for property in container.properties_of(id) {
            let number = property.body.first().copied().unwrap_or(0);
            match &property.kind {
                b"clap" if self.orientation == 1 => self.crop(property.body)?,
                b"clap" => return Err(unsupported("it is cropped after it is turned")),
                // Counterclockwise, in quarters of a turn.
                b"irot" => self.then([1, 8, 3, 6][usize::from(number & 3)]),
                // 0 exchanges top and bottom, 1 left and right.
                b"imir" => self.then(if number & 1 == 0 { 4 } else { 2 }),
                _ => {}
            }
        }
        Ok(())
    }

    /// Combines this orientation with one that is applied after it.
    fn then(&mut self, orientation: u8) {
        let product = |[a, b, c, d]: [i8; 4], [e, f, g, h]: [i8; 4]| {
            [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h]
        };
        let matrix = product(
            ORIENTATIONS[usize::from(self.orientation - 1)],
            ORIENTATIONS[usize::from(orientation - 1)],
        );
        let found = ORIENTATIONS.iter().position(|known| *known == matrix);
        self.orientation = found.map_or(1, |index| index as u8 + 1);
    }

    /// The clean aperture (ISO/IEC 14496-12, section 12.1.4), rounded to whole pixels.
    fn crop(&mut self, body: &[u8]) -> Result<(), Error> {
        let invalid = || Error::corrupt("its crop is not within it");
        let mut fields = Fields(body);
        let mut fraction = || -> Result<f64, Error> {
            let numerator = fields.u32().map_err(|_| invalid())?.cast_signed();
            let denominator = fields.u32().map_err(|_| invalid())?.cast_signed();
            if denominator == 0 {
                return Err(invalid());
            }
            Ok(f64::from(numerator) / f64::from(denominator))
        };
        let (width, height) = (fraction()?, fraction()?);
        let (right, down) = (fraction()?, fraction()?);
        let side = |full: usize, length: f64, offset: f64| {
            let start = ((full as f64 - length) / 2.0 + offset).round().max(0.0) as usize;
            let end = start.saturating_add(length.round() as usize).min(full);
            (end > start)
                .then(|| (start, end - start))
                .ok_or_else(invalid)
        };
        let (left, width) = side(self.crop.width, width, right)?;
        let (top, height) = side(self.crop.height, height, down)?;
        self.crop = Crop {
            left: self.crop.left + left,
            top: self.crop.top + top,
            width,
            height,
        };
        Ok(())
    }

    fn colors(&mut self, container: &Container<'a>, id: u32) -> Result<(), Error> {
        for property in container.properties_of(id) {
            if property.kind != *b"colr" {
                continue;
            }
            let mut fields = Fields(property.body);
            let mut read = || -> Result<(), HeaderError> {
                match &fields.kind()? {
                    b"nclx" => {
                        self.nclx = Some(Nclx {
                            primaries: fields.u16()?,
                            transfer: fields.u16()?,
                            matrix: fields.u16()?,
                            full_range: fields.u8()? & 0x80 != 0,
                        });
                    }
                    b"prof" | b"rICC" if fields.0.len() <= MAX_ICC_PROFILE => {
                        self.icc_profile = Some(fields.0);
                    }
                    _ => {}
                }
                Ok(())
            };
            read().map_err(|_| Error::corrupt("its color information is invalid"))?;
        }
        Ok(())
    }
}

/// For EXIF orientations 1 to 8, the matrix from displayed to stored columns and rows.
const ORIENTATIONS: [[i8; 4]; 8] = [
    [1, 0, 0, 1],
    [-1, 0, 0, 1],
    [-1, 0, 0, -1],
    [1, 0, 0, -1],
    [0, 1, 1, 0],
    [0, 1, -1, 0],
    [0, -1, -1, 0],
    [0, -1, 1, 0],
];

fn kind<'c>(container: &'c Container<'_>, id: u32) -> Result<&'c [u8; 4], Error> {
    container
        .item(id)
        .map(|item| &item.kind)
        .ok_or_else(|| Error::corrupt("an item is missing"))
}

/// `ispe` of an item; `None` if a side is 0, or so long that products of sizes would overflow.
pub(super) fn declared_size(container: &Container<'_>, id: u32) -> Option<(usize, usize)> {
    let property = container
        .properties_of(id)
        .find(|property| property.kind == *b"ispe")?;
    let (_, _, mut fields) = full_box(property.body).ok()?;
    let (width, height) = (fields.u32().ok()?, fields.u32().ok()?);
    let fits = |side: u32| (1..=1 << 20).contains(&side);
    (fits(width) && fits(height)).then_some((width as usize, height as usize))
}

fn is_alpha(container: &Container<'_>, id: u32) -> bool {
    container.properties_of(id).any(|property| {
        property.kind == *b"auxC"
            && full_box(property.body).is_ok_and(|(_, _, Fields(name))| {
                name.starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")
                    || name.starts_with(b"urn:mpeg:hevc:2015:auxid:1\0")
            })
    })
}

fn no_size() -> Error {
    Error::corrupt("its image has no size")
}
