//! Digests of contents: MD5 for entity tags, and the checksum that a client chose.
//!
//! See [checking object integrity](https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::HeaderMap;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto;
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

/// A checksum algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    /// Its name in `x-amz-checksum-algorithm`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header or trailer that carries it.
    fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn named(name: &str) -> S3Result<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"))
    }
}

/// A checksum as it is stored with an object or a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    /// Base64; a composite one ends in `-` and the number of parts.
    pub(crate) value: String,
    /// Whether it is computed from the parts' checksums rather than from the whole content.
    pub(crate) composite: bool,
}

impl Checksum {
    pub(crate) fn kind(&self) -> dto::ChecksumType {
        kind(self.composite)
    }

    /// Converts it to the type that `s3s` sends.
    pub(crate) fn into_dto(self) -> dto::Checksum {
        let kind = self.kind();
        let value = Some(self.value);
        let mut sent = dto::Checksum {
            checksum_type: Some(kind),
            ..dto::Checksum::default()
        };
        match self.algorithm {
            Algorithm::Crc32 => sent.checksum_crc32 = value,
            Algorithm::Crc32c => sent.checksum_crc32c = value,
            Algorithm::Crc64Nvme => sent.checksum_crc64nvme = value,
            Algorithm::Sha1 => sent.checksum_sha1 = value,
            Algorithm::Sha256 => sent.checksum_sha256 = value,
        }
        sent
    }
}

pub(crate) fn kind(composite: bool) -> dto::ChecksumType {
    dto::ChecksumType::from_static(if composite {
        dto::ChecksumType::COMPOSITE
    } else {
        dto::ChecksumType::FULL_OBJECT
    })
}

/// The digests that the client declares for the body that it sends.
#[derive(Debug, Default)]
pub(crate) struct ClaimedDigests {
    md5: Option<[u8; 16]>,
    algorithm: Option<Algorithm>,
    /// The value in the headers; absent if it is in the trailers.
    value: Option<String>,
}

impl ClaimedDigests {
    /// Reads `Content-MD5`, `x-amz-checksum-*`, `x-amz-trailer` and `x-amz-sdk-checksum-algorithm`.
    ///
    /// # Errors
    /// `InvalidDigest` if the MD5 is malformed, `InvalidRequest` if there are several checksums.
    pub(crate) fn read(headers: &HeaderMap) -> S3Result<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let md5 = text("content-md5")
            .map(|value| {
                BASE64
                    .decode(value)
                    .ok()
                    .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
                    .ok_or_else(|| {
                        s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid.")
                    })
            })
            .transpose()?;

        let mut given = Algorithm::ALL.into_iter().filter_map(|algorithm| {
            text(algorithm.header()).map(|value| (algorithm, value.to_owned()))
        });
        if let Some((algorithm, value)) = given.next() {
            if given.next().is_some() {
                return Err(s3_error!(
                    InvalidRequest,
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
                ));
            }
            return Ok(Self {
                md5,
                algorithm: Some(algorithm),
                value: Some(value),
            });
        }

        let trailer = text("x-amz-trailer");
        let announced = Algorithm::ALL.into_iter().find(|algorithm| {
            trailer.is_some_and(|name| name.trim().eq_ignore_ascii_case(algorithm.header()))
        });
        let algorithm = match (announced, text("x-amz-sdk-checksum-algorithm")) {
            (None, Some(name)) => Some(Algorithm::named(name)?),
            (announced, _) => announced,
        };
        Ok(Self {
            md5,
            algorithm,
            value: None,
        })
    }

    /// The algorithm to compute; S3's own default is CRC-64/NVME.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Compares them with what was received.
    ///
    /// # Errors
    /// `BadDigest` if anything differs.
    pub(crate) fn verify(&self, digests: &Digests, trailers: Option<&HeaderMap>) -> S3Result<()> {
        if self.md5.is_some_and(|md5| md5 != digests.md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        let Some(algorithm) = self.algorithm else {
            return Ok(());
        };
        let sent = match &self.value {
            Some(value) => Some(value.as_str()),
            None => trailers.and_then(|trailers| trailers.get(algorithm.header())?.to_str().ok()),
        };
        if sent.is_some_and(|value| value != digests.checksum.value) {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ));
        }
        Ok(())
    }
}

/// The digests of a content.
#[derive(Debug, Clone)]
pub(crate) struct Digests {
    pub(crate) md5: [u8; 16],
    pub(crate) checksum: Checksum,
}

impl Digests {
    /// The entity tag of a content that was uploaded in one piece.
    pub(crate) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

/// Computes [`Digests`] of a stream.
pub(crate) struct Hasher {
    md5: Md5,
    checksum: ChecksumState,
}

enum ChecksumState {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        Self {
            md5: Md5::new(),
            checksum: ChecksumState::new(algorithm),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.checksum.update(bytes);
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            md5: self.md5.finalize(),
            checksum: self.checksum.finish(),
        }
    }
}

impl ChecksumState {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(state) => state.update(bytes),
            Self::Crc32c(state) => state.update(bytes),
            Self::Crc64Nvme(state) => state.update(bytes),
            Self::Sha1(state) => state.update(bytes),
            Self::Sha256(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Checksum {
        let (algorithm, value) = match self {
            Self::Crc32(state) => (Algorithm::Crc32, BASE64.encode(state.finalize())),
            Self::Crc32c(state) => (Algorithm::Crc32c, BASE64.encode(state.finalize())),
            Self::Crc64Nvme(state) => (Algorithm::Crc64Nvme, BASE64.encode(state.finalize())),
            Self::Sha1(state) => (Algorithm::Sha1, BASE64.encode(state.finalize())),
            Self::Sha256(state) => (Algorithm::Sha256, BASE64.encode(state.finalize())),
        };
        Checksum {
            algorithm,
            value,
            composite: false,
        }
    }
}

/// The entity tag of an object made of parts: the MD5 of their MD5s, and how many there are.
pub(crate) fn etag_of_parts(md5s: &[[u8; 16]]) -> String {
    let mut md5 = Md5::new();
    for part in md5s {
        md5.update(part);
    }
    format!("{}-{}", hex(&md5.finalize()), md5s.len())
}

/// The composite checksum of parts, each given in base64; `None` if one of them is not base64.
pub(crate) fn composite(algorithm: Algorithm, parts: &[&str]) -> Option<Checksum> {
    let mut running = ChecksumState::new(algorithm);
    for part in parts {
        running.update(&BASE64.decode(part).ok()?);
    }
    let value = format!("{}-{}", running.finish().value, parts.len());
    Some(Checksum {
        algorithm,
        value,
        composite: true,
    })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms and of FIPS 180, for "123456789".
    #[test]
    fn check_values() {
        for (algorithm, value) in [
            (Algorithm::Crc32, "y/Q5Jg=="),
            (Algorithm::Crc32c, "4waSgw=="),
            (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
            (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
            (
                Algorithm::Sha256,
                "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
            ),
        ] {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"1234");
            hasher.update(b"56789");
            let digests = hasher.finish();
            assert_eq!(digests.checksum.value, value, "{algorithm:?}");
            assert_eq!(digests.etag(), "25f9e794323b453885f5181f1b624d0b");
        }
    }

    #[test]
    fn several_checksums_are_refused() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-checksum-crc32", "y/Q5Jg==".parse().unwrap());
        assert!(ClaimedDigests::read(&headers).is_ok());
        headers.insert(
            "x-amz-checksum-sha1",
            "98O8HYCOBHMq32eZZczDTKeuNEE=".parse().unwrap(),
        );
        assert!(ClaimedDigests::read(&headers).is_err());
    }
}
