//! Writes a TIFF field by field.

/// A TIFF of one directory, whose fields are one `LONG` each, with `body` at byte 8.
pub fn tiff(fields: &[(u16, u32)], body: &[u8]) -> Vec<u8> {
    let directory = 8 + body.len() as u32;
    let mut file = [&b"II*\0"[..], &directory.to_le_bytes(), body].concat();
    file.extend((fields.len() as u16).to_le_bytes());
    for (tag, value) in fields {
        file.extend(tag.to_le_bytes());
        file.extend([4, 0, 1, 0, 0, 0]);
        file.extend(value.to_le_bytes());
    }
    file.extend([0; 4]);
    file
}
