//! `GetObjectAttributes`.

use s3s::dto::{
    ETag, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectAttributesParts,
    ObjectAttributes, StorageClass,
};
use s3s::{S3Request, S3Result};

use super::{Operations, checksum, signed, version_id};
use crate::conditions::timestamp;

impl Operations {
    pub(super) async fn get_object_attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> S3Result<GetObjectAttributesOutput> {
        let input = &request.input;
        let version = self
            .version(
                &request,
                &input.bucket,
                &input.key,
                input.version_id.as_ref(),
            )
            .await?;
        // Repeated headers have already been joined into one.
        let asks = |name| {
            let mut asked = input
                .object_attributes
                .iter()
                .flat_map(|attributes| attributes.as_str().split(','));
            asked.any(|attribute| attribute.trim() == name)
        };
        let parts = version.metadata.part_sizes.len();
        Ok(GetObjectAttributesOutput {
            checksum: asks(ObjectAttributes::CHECKSUM).then(|| checksum(&version)),
            // Parts are listed only where each has a checksum; their number is returned in any case.
            object_parts: (asks(ObjectAttributes::OBJECT_PARTS) && parts > 0).then(|| {
                GetObjectAttributesParts {
                    total_parts_count: i32::try_from(parts).ok(),
                    ..GetObjectAttributesParts::default()
                }
            }),
            object_size: asks(ObjectAttributes::OBJECT_SIZE).then(|| signed(version.size)),
            storage_class: asks(ObjectAttributes::STORAGE_CLASS)
                .then(|| StorageClass::from_static(StorageClass::STANDARD)),
            e_tag: asks(ObjectAttributes::ETAG).then(|| ETag::Strong(version.etag.clone())),
            last_modified: Some(timestamp(version.modified)),
            version_id: version_id(&version),
            ..GetObjectAttributesOutput::default()
        })
    }
}
