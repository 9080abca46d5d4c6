//! What `Access` is asked, and the responses to callers without permission.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use support::{BLIND, BUCKET, READER, Stack, put, status};

fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> (u16, &str, &str) {
    (
        status(error),
        error.code().unwrap_or_default(),
        error.message().unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_missing_key_is_hidden_from_callers_that_may_not_list() {
    let stack = Stack::start().await;
    let client = stack.client_of(BLIND, None);
    put(&client, "there", b"").await;
    client
        .get_object()
        .bucket(BUCKET)
        .key("there")
        .send()
        .await
        .unwrap();
    let error = client
        .get_object()
        .bucket(BUCKET)
        .key("absent")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&error),
        (
            403,
            "AccessDenied",
            "AKIABLIND may not s3:ListBucket on arn:aws:s3:::pictures"
        )
    );
    let error = client
        .head_object()
        .bucket(BUCKET)
        .key("absent")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refusal(&error).0, 403);
    let error = client
        .copy_object()
        .bucket(BUCKET)
        .key("copy")
        .copy_source("pictures/absent")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refusal(&error).1, "AccessDenied");
}

#[tokio::test]
async fn permissions_are_checked_for_the_decoded_key_with_the_session_token() {
    let stack = Stack::start().await;
    put(&stack.client(), "public/å b+c", b"").await;
    put(&stack.client(), "private/a", b"").await;
    let reader = stack.client_of(READER, Some("the token"));
    reader
        .get_object()
        .bucket(BUCKET)
        .key("public/å b+c")
        .send()
        .await
        .unwrap();
    let error = reader
        .get_object()
        .bucket(BUCKET)
        .key("private/a")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        refusal(&error),
        (
            403,
            "AccessDenied",
            "AKIAREADER may not s3:GetObject on arn:aws:s3:::pictures/private/a"
        )
    );
    let error = reader
        .put_object()
        .bucket(BUCKET)
        .key("public/new")
        .send()
        .await
        .unwrap_err();
    assert!(
        refusal(&error)
            .2
            .contains("s3:PutObject on arn:aws:s3:::pictures/public/new")
    );
    let without_token = stack.client_of(READER, None);
    let error = without_token
        .get_object()
        .bucket(BUCKET)
        .key("public/å b+c")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refusal(&error).1, "AccessDenied");
    assert_eq!(stack.changes.all().len(), 2);
}

/// Operations that the reader may not perform, each with the permission that is missing.
#[tokio::test]
async fn every_operation_needs_its_permission() {
    let stack = Stack::start().await;
    put(&stack.client(), "public/a", b"").await;
    let reader = stack.client_of(READER, Some("the token"));
    macro_rules! refused {
        ($action:literal on $resource:literal: $($call:tt)+) => {
            let error = reader.$($call)+.send().await.unwrap_err();
            let refusal = refusal(&error);
            assert_eq!((refusal.0, refusal.1), (403, "AccessDenied"), $action);
            let expected = concat!("may not ", $action, " on ", $resource);
            assert!(refusal.2.ends_with(expected), "{} is not {expected}", refusal.2);
        };
    }
    let (b, k) = (BUCKET, "public/a");
    refused!("s3:ListAllMyBuckets" on "*": list_buckets());
    refused!("s3:CreateBucket" on "arn:aws:s3:::fresh": create_bucket().bucket("fresh"));
    refused!("s3:DeleteBucket" on "arn:aws:s3:::pictures": delete_bucket().bucket(b));
    refused!("s3:GetBucketLocation" on "arn:aws:s3:::pictures": get_bucket_location().bucket(b));
    refused!("s3:ListBucket" on "arn:aws:s3:::pictures": list_objects().bucket(b));
    refused!("s3:ListBucket" on "arn:aws:s3:::pictures": list_objects_v2().bucket(b));
    refused!("s3:ListBucketMultipartUploads" on "arn:aws:s3:::pictures": list_multipart_uploads().bucket(b));
    refused!("s3:PutObject" on "arn:aws:s3:::pictures/public/a": put_object().bucket(b).key(k));
    refused!("s3:DeleteObject" on "arn:aws:s3:::pictures/public/a": delete_object().bucket(b).key(k));
    refused!("s3:PutObject" on "arn:aws:s3:::pictures/public/a": create_multipart_upload().bucket(b).key(k));
    refused!("s3:PutObject" on "arn:aws:s3:::pictures/public/a":
        upload_part().bucket(b).key(k).upload_id("u").part_number(1));
    refused!("s3:PutObject" on "arn:aws:s3:::pictures/public/a":
        complete_multipart_upload().bucket(b).key(k).upload_id("u"));
    refused!("s3:AbortMultipartUpload" on "arn:aws:s3:::pictures/public/a":
        abort_multipart_upload().bucket(b).key(k).upload_id("u"));
    refused!("s3:ListMultipartUploadParts" on "arn:aws:s3:::pictures/public/a":
        list_parts().bucket(b).key(k).upload_id("u"));
    refused!("s3:GetObject" on "arn:aws:s3:::pictures/private/a+b":
        copy_object().bucket(b).key("public/c").copy_source("pictures/private/a%2Bb"));
    refused!("s3:PutObject" on "arn:aws:s3:::pictures/public/c":
        copy_object().bucket(b).key("public/c").copy_source("pictures/public/a"));
    refused!("s3:PutObject" on "arn:aws:s3:::pictures/public/c":
        upload_part_copy().bucket(b).key("public/c").upload_id("u").part_number(1).copy_source("pictures/public/a"));
    let error = reader.head_bucket().bucket(b).send().await.unwrap_err();
    assert_eq!(refusal(&error).0, 403);
}

#[tokio::test]
async fn several_keys_are_permitted_one_by_one() {
    let stack = Stack::start().await;
    put(&stack.client(), "public/a", b"").await;
    let objects =
        ["public/a", "b"].map(|key| ObjectIdentifier::builder().key(key).build().unwrap());
    let delete = Delete::builder()
        .set_objects(Some(objects.to_vec()))
        .build()
        .unwrap();
    let reader = stack.client_of(READER, Some("the token"));
    let outcome = reader
        .delete_objects()
        .bucket(BUCKET)
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert!(outcome.deleted().is_empty());
    let errors: Vec<_> = outcome
        .errors()
        .iter()
        .map(|error| (error.key().unwrap(), error.code().unwrap()))
        .collect();
    assert_eq!(
        errors,
        [("public/a", "AccessDenied"), ("b", "AccessDenied")]
    );
    assert!(
        stack
            .store
            .read(BUCKET, "public/a", None)
            .await
            .unwrap()
            .is_some()
    );
}
