//! The operation `DetectLabels` as Amazon Rekognition documents it, without HTTP and without S3.
//!
//! The caller reads the request with [`Request::parse`], fetches the object if [`Request::image`] names one, and asks
//! [`detect_labels`]. Both fail with a [`DetectLabelsError`], which is the body and status of AWS's answer.
//!
//! <https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectLabels.html>,
//! limits: <https://docs.aws.amazon.com/rekognition/latest/dg/limits.html>.

mod error;
mod filters;
mod request;

use serde_json::{Value, json};
use thumbnail::{Format, Limits};

use crate::{Label, Pixels, Recogniser};
pub use error::DetectLabelsError;
pub use request::{Request, Source};

/// The most bytes that a request may carry as `Image.Bytes`.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The most bytes that an S3 object may have; callers check it before they read one.
pub const MAX_OBJECT_BYTES: usize = 15 * 1024 * 1024;
/// The smallest side, in pixels.
const MIN_SIDE: u32 = 80;
/// The largest side, in pixels.
const MAX_SIDE: u32 = 10_000;
/// What the shorter side is decoded to: a little more than the networks see.
const DECODED_SIDE: u32 = 320;

/// Rekognition's response for `image`, which is the file that [`Request::image`] carries or names.
///
/// The file is decoded at reduced scale and turned upright as its EXIF data says, so boxes are those of the upright
/// picture; `OrientationCorrection` is always absent, as AWS leaves it out for model version 3. Takes one core for
/// less than a tenth of a second; see [`Recogniser`] on how many to run at once.
///
/// # Errors
/// `ImageTooLargeException`, `InvalidImageFormatException`, `InvalidParameterException` (a side under 80 pixels), and
/// `InternalServerError` if a network fails.
pub fn detect_labels(
    recogniser: &Recogniser,
    request: &Request,
    image: &[u8],
) -> Result<Value, DetectLabelsError> {
    let most = match request.image() {
        Source::Bytes(_) => MAX_BYTES,
        Source::S3Object { .. } => MAX_OBJECT_BYTES,
    };
    if image.len() > most {
        return Err(DetectLabelsError::image_too_large());
    }
    let limits = Limits {
        bytes: most as u64,
        pixels: u64::MAX,
        ..Limits::default()
    };
    check_header(image, &limits)?;
    let picture = thumbnail::pixels(image, DECODED_SIDE, &limits)?;
    let pixels = Pixels {
        width: picture.width,
        height: picture.height,
        rgb: &picture.data,
    };
    let labels = recogniser.labels(&pixels)?;
    let chosen: Vec<Value> = labels
        .iter()
        .filter(|label| label.confidence >= request.min_confidence && request.filters.pass(label))
        .take(request.max_labels)
        .map(render)
        .collect();
    Ok(json!({ "Labels": chosen, "LabelModelVersion": "3.0" }))
}

/// Refuses what Rekognition refuses by format and size, before anything is decoded.
fn check_header(image: &[u8], limits: &Limits) -> Result<(), DetectLabelsError> {
    let header =
        thumbnail::header(image, limits)?.ok_or_else(DetectLabelsError::invalid_image_format)?;
    if !matches!(header.format, Format::Jpeg | Format::Png) {
        return Err(DetectLabelsError::invalid_image_format());
    }
    let (width, height) = header.upright_size();
    if width.max(height) > MAX_SIDE {
        return Err(DetectLabelsError::too_many_pixels(width, height, MAX_SIDE));
    }
    if width.min(height) < MIN_SIDE {
        return Err(DetectLabelsError::invalid_parameters());
    }
    Ok(())
}

/// One label as the API writes it.
fn render(label: &Label) -> Value {
    let named = |names: &[String]| -> Vec<Value> {
        names.iter().map(|name| json!({ "Name": name })).collect()
    };
    let instances: Vec<Value> = label
        .instances
        .iter()
        .map(|instance| {
            let place = instance.bounding_box;
            json!({
                "BoundingBox": {
                    "Width": place.width, "Height": place.height, "Left": place.left, "Top": place.top,
                },
                "Confidence": instance.confidence,
            })
        })
        .collect();
    json!({
        "Name": label.name,
        "Confidence": label.confidence,
        "Instances": instances,
        "Parents": named(&label.parents),
        "Aliases": named(&label.aliases),
        "Categories": named(&label.categories),
    })
}
