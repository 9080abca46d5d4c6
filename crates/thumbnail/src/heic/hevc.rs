//! Decodes one coded picture with `heifer-hevc-dec`. No other module uses that crate.

use heifer_hevc_dec::decoder::{DecodeOptions, decode_picture};
use heifer_hevc_dec::nal::{NalUnit, NalUnitType};
use heifer_hevc_dec::params::ParameterSets;

use super::boxes::Fields;
use super::container::Container;
use super::image::Nclx;
use super::unsupported;
use crate::Error;
use crate::bytes::HeaderError;

/// Planes of luma and, unless it is gray, two of chroma, of samples of any depth.
pub(super) struct Picture {
    pub planes: Vec<PicturePlane>,
    /// The colors that the stream declares.
    pub nclx: Nclx,
}

pub(super) struct PicturePlane {
    pub width: usize,
    pub height: usize,
    pub bits: u8,
    pub samples: Vec<u16>,
}

/// The coded size is a multiple of the smallest coding block, which has at most this many pixels a side.
const MAX_BLOCK: u64 = 64;
/// The decoder accepts slices that decode the same blocks again. This is how many pixels all slices of an image may
/// decode, each counted as its whole picture.
pub(super) const MAX_SLICE_PIXELS: u64 = 512_000_000;
/// Three samples of 2 bytes, and the state of blocks. The cropped samples that it returns are not included.
const BYTES_OF_PIXEL: u64 = 8;
/// The item joined from its pieces, the stream built from it, and the stream without its escapes.
const COPIES_OF_STREAM: u64 = 3;

/// Bytes that decoding a picture holds besides the samples that it returns.
pub(super) fn memory(size: (usize, usize), item_len: u64) -> u64 {
    coded_pixels(size) * BYTES_OF_PIXEL + item_len * COPIES_OF_STREAM
}

/// The maximum number of coded pixels for a picture of this size.
fn coded_pixels((width, height): (usize, usize)) -> u64 {
    (width as u64 + MAX_BLOCK) * (height as u64 + MAX_BLOCK)
}

/// Decodes the picture of an item with the declared `size`. Its slices are subtracted from `slice_pixels`.
pub(super) fn decode(
    container: &Container<'_>,
    id: u32,
    size: (usize, usize),
    slice_pixels: &mut u64,
) -> Result<Picture, Error> {
    let invalid = |_: HeaderError| Error::corrupt("its HEVC configuration is invalid");
    let configuration = container
        .properties_of(id)
        .find(|property| property.kind == *b"hvcC")
        .ok_or_else(|| Error::corrupt("a coded image has no HEVC configuration"))?;
    let mut stream = Vec::new();
    let mut sets = ParameterSets::default();
    let length_size = parameter_sets(configuration.body, |unit| {
        if let Ok(unit) = NalUnit::parse(unit) {
            // The decoder reports what is wrong with a parameter set.
            let _ = sets.add(&unit);
        }
        append(&mut stream, unit);
    })
    .map_err(invalid)?;
    let pixels = coded_pixels(size);
    let data = container.data(id)?;
    let mut fields = Fields(&data);
    while !fields.0.is_empty() {
        let unit = fields
            .number(length_size)
            .and_then(|len| fields.bytes(usize::try_from(len).unwrap_or(usize::MAX)))
            .map_err(|_| Error::corrupt("it ends within its HEVC data"))?;
        let Some(kind) = unit
            .first()
            .map(|first| NalUnitType::from_raw(first >> 1 & 0x3f))
        else {
            continue;
        };
        match kind {
            NalUnitType::Vps | NalUnitType::Sps | NalUnitType::Pps => append(&mut stream, unit),
            kind if kind.is_slice() => {
                *slice_pixels = slice_pixels
                    .checked_sub(pixels)
                    .ok_or_else(|| unsupported("its coded images have too many slices"))?;
                append(&mut stream, unit);
            }
            _ => {}
        }
    }
    let options = DecodeOptions {
        max_pixels: pixels,
        ..DecodeOptions::default()
    };
    let frame = decode_picture(&stream, options).map_err(explain)?;
    let vui = sets
        .sps
        .iter()
        .flatten()
        .next()
        .and_then(|sps| sps.vui.as_ref());
    let nclx = Nclx {
        primaries: vui.map_or(2, |vui| vui.colour_primaries.into()),
        transfer: vui.map_or(2, |vui| vui.transfer_characteristics.into()),
        matrix: frame.matrix_coeffs.into(),
        full_range: frame.full_range,
    };
    let chroma = frame.chroma_format;
    let planes: Vec<PicturePlane> = frame
        .planes
        .into_iter()
        .enumerate()
        .take(if chroma == 0 { 1 } else { 3 })
        .map(|(index, samples)| PicturePlane {
            width: frame.widths[index] as usize,
            height: frame.heights[index] as usize,
            bits: frame.bit_depth[index.min(1)],
            samples,
        })
        .collect();
    if planes
        .iter()
        .any(|plane| plane.samples.len() != plane.width * plane.height || plane.samples.is_empty())
        || (planes[0].width, planes[0].height) != size
    {
        return Err(Error::corrupt("a coded image is not of its size"));
    }
    Ok(Picture { planes, nclx })
}

/// `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15, section 8.3.3.1): calls `unit` with each parameter set, and returns
/// how many bytes the length of a unit has.
fn parameter_sets(body: &[u8], mut unit: impl FnMut(&[u8])) -> Result<usize, HeaderError> {
    let mut fields = Fields(body);
    fields.bytes(21)?;
    let length_size = usize::from(fields.u8()? & 3) + 1;
    for _ in 0..fields.u8()? {
        fields.u8()?;
        for _ in 0..fields.u16()? {
            let len = fields.u16()?;
            unit(fields.bytes(usize::from(len))?);
        }
    }
    Ok(length_size)
}

fn append(stream: &mut Vec<u8>, unit: &[u8]) {
    stream.extend([0, 0, 0, 1]);
    stream.extend_from_slice(unit);
}

fn explain(error: heifer_hevc_dec::Error) -> Error {
    match error {
        heifer_hevc_dec::Error::Unimplemented(feature) => {
            unsupported(format!("its HEVC uses {feature}"))
        }
        other => Error::corrupt(format!("its HEVC data: {other}")),
    }
}
