//! Contents of objects: files that are written once, read by range, and removed when no longer needed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use futures::StreamExt as _;
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Result, StdError, s3_error};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uuid::Uuid;

use crate::Error;
use crate::checksum::{Algorithm, Digests, Hasher};

/// The largest body of one request, 5 GiB.
const MAX_BODY_BYTES: u64 = 5 << 30;
/// Bytes read from a file at a time.
const CHUNK: usize = 256 << 10;

/// A file that is removed when dropped, unless the index has taken it over.
#[derive(Debug)]
pub(crate) struct ContentFile {
    path: PathBuf,
    name: String,
    kept: bool,
}

impl ContentFile {
    fn new(folder: &Path) -> Self {
        let name = Uuid::new_v4().simple().to_string();
        Self {
            path: folder.join(&name),
            name,
            kept: false,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for ContentFile {
    fn drop(&mut self) {
        if !self.kept {
            // A file that can't be removed now is removed when the store is next opened.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A content that is complete on disk, and not yet in the index.
#[derive(Debug)]
pub(crate) struct NewContent {
    pub(crate) file: ContentFile,
    pub(crate) size: u64,
    pub(crate) digests: Digests,
}

/// Creates a file that no other user of this machine can read.
fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Writes a request's body to a new file in `folder`.
///
/// # Errors
/// `EntityTooLarge`, `IncompleteBody`, or that the body does not match the signature.
pub(crate) async fn receive(
    folder: &Path,
    body: Option<StreamingBlob>,
    algorithm: Algorithm,
) -> S3Result<NewContent> {
    let file = ContentFile::new(folder);
    let writer = create_private(&file.path).map_err(Error::from)?;
    let mut writer = tokio::fs::File::from_std(writer);
    let mut hasher = Hasher::new(algorithm);
    let mut size = 0;
    if let Some(mut body) = body {
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(body_error)?;
            size += bytes.len() as u64;
            if size > MAX_BODY_BYTES {
                return Err(s3_error!(
                    EntityTooLarge,
                    "Your proposed upload exceeds the maximum allowed size"
                ));
            }
            hasher.update(&bytes);
            writer.write_all(&bytes).await.map_err(Error::from)?;
        }
    }
    writer.flush().await.map_err(Error::from)?;
    Ok(NewContent {
        file,
        size,
        digests: hasher.finish(),
    })
}

/// `s3s` verifies signed bodies while they are read. Its error types are private, so they can only be distinguished by
/// their messages.
fn body_error(error: StdError) -> S3Error {
    let reason = error.to_string();
    let (code, message) = if reason.contains("Sha256Mismatch") {
        let code = S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into());
        (
            code,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if reason.contains("SignatureMismatch") {
        (
            S3ErrorCode::SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided.",
        )
    } else {
        (
            S3ErrorCode::IncompleteBody,
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        )
    };
    let mut response = S3Error::with_message(code, message);
    response.set_status_code(http::StatusCode::BAD_REQUEST);
    if response.code() == &S3ErrorCode::SignatureDoesNotMatch {
        response.set_status_code(http::StatusCode::FORBIDDEN);
    }
    response.set_source(error);
    response
}

/// Writes parts of files, one after the other, to a new file in `folder`.
pub(crate) async fn concatenate(
    folder: &Path,
    sources: Vec<(File, Range<u64>)>,
    algorithm: Algorithm,
) -> Result<NewContent, Error> {
    let file = ContentFile::new(folder);
    tokio::task::spawn_blocking(move || {
        let mut writer = create_private(&file.path)?;
        let mut hasher = Hasher::new(algorithm);
        let mut size = 0;
        let mut buffer = vec![0; CHUNK];
        for (mut source, range) in sources {
            source.seek(SeekFrom::Start(range.start))?;
            let mut source = source.take(range.end - range.start);
            loop {
                let count = source.read(&mut buffer)?;
                if count == 0 {
                    break;
                }
                hasher.update(&buffer[..count]);
                writer.write_all(&buffer[..count])?;
                size += count as u64;
            }
        }
        Ok(NewContent {
            file,
            size,
            digests: hasher.finish(),
        })
    })
    .await
    .map_err(io::Error::other)?
}

/// A range of a file as the body of a response, read while it is sent.
pub(crate) fn stream(mut file: File, range: Range<u64>) -> Result<StreamingBlob, Error> {
    file.seek(SeekFrom::Start(range.start))?;
    let file = tokio::fs::File::from_std(file);
    let chunks =
        futures::stream::try_unfold((file, range.end - range.start), |(file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let mut buffer = BytesMut::with_capacity(CHUNK);
            let mut limited = file.take(left);
            let count = limited.read_buf(&mut buffer).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok::<_, io::Error>(Some((
                buffer.freeze(),
                (limited.into_inner(), left - count as u64),
            )))
        });
    Ok(StreamingBlob::wrap(chunks))
}
