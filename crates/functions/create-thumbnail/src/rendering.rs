//! The thumbnails of an upload, and its part of the record.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use records::{Part, Thumbnail, Thumbnails, href};
use runtime::Original;
use thumbnail::Limits;

/// Everything that is stored of one upload.
pub(crate) struct Rendering {
    /// The record's part.
    pub part: Part<Thumbnails>,
    /// The thumbnails; none if the image can't be handled.
    pub thumbnails: Vec<thumbnail::Thumbnail>,
    /// The entity tag of what was rendered; `None` if there is no object.
    pub e_tag: Option<String>,
    /// Bytes read.
    pub bytes_in: u64,
}

impl Rendering {
    /// Renders the object under `key`, read up to `limits.bytes`; nothing if there is none.
    pub(crate) fn of(
        original: Original,
        key: &str,
        sizes: &BTreeSet<u32>,
        limits: &Limits,
    ) -> Self {
        let Original::Found {
            e_tag,
            content,
            bytes,
        } = original
        else {
            return Self {
                part: Part::Pending,
                thumbnails: vec![],
                e_tag: None,
                bytes_in: 0,
            };
        };
        let sizes: Vec<u32> = sizes.iter().copied().collect();
        let made = limits
            .check_bytes(bytes)
            .and_then(|()| thumbnail::thumbnails(&content, &sizes, limits));
        let (part, thumbnails) = match made {
            Err(error) => (Part::failed(error.code(), error.to_string()), vec![]),
            Ok(made) => (Part::Done(part(&made, key)), made.items),
        };
        Self {
            part,
            thumbnails,
            e_tag: Some(e_tag),
            bytes_in: content.len() as u64,
        }
    }

    /// Bytes of all thumbnails.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.thumbnails
            .iter()
            .map(|thumbnail| thumbnail.bytes.len() as u64)
            .sum()
    }
}

fn part(made: &thumbnail::Thumbnails, key: &str) -> Thumbnails {
    let (width, height) = made.header.upright_size();
    let item = |item: &thumbnail::Thumbnail| Thumbnail {
        size: item.size,
        width: item.width,
        height: item.height,
        bytes: item.bytes.len() as u64,
        content_type: item.content_type.to_owned(),
        href: href(item.size, key),
    };
    let format = made.header.format.name().to_owned();
    Thumbnails {
        width,
        height,
        format,
        placeholder: STANDARD.encode(&made.placeholder),
        items: made.items.iter().map(item).collect(),
    }
}
