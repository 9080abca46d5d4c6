//! Requests of clients besides reads and writes: settings, tags, ACLs, owners, regions, forms, odd keys.

// What fails here is a failed test, in helpers too.
#![allow(clippy::unwrap_used)]

mod support;

use std::fmt::Write as _;
use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{AccessControlPolicy, Grant, Grantee, ObjectAttributes, Permission};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::Request;
use support::raw::{Signed, add_signature, request};
use support::{ADMIN, BUCKET, Stack, put};

/// `aws s3 cp` and `mv` of CLI 2 request the tags of an object that has to be copied in parts.
#[tokio::test]
async fn objects_have_no_tags_and_their_owner_full_control() {
    let stack = Stack::start().await;
    let client = stack.client();
    put(&stack.client(), "k", b"x").await;
    let tags = client.get_object_tagging().bucket(BUCKET).key("k");
    assert!(tags.send().await.unwrap().tag_set().is_empty());
    let untag = client.delete_object_tagging().bucket(BUCKET).key("k");
    untag.send().await.unwrap();
    let missing = client.get_object_tagging().bucket(BUCKET).key("absent");
    assert_eq!(missing.send().await.unwrap_err().code(), Some("NoSuchKey"));

    let object = client.get_object_acl().bucket(BUCKET).key("k");
    let object = object.send().await.unwrap();
    let bucket = client.get_bucket_acl().bucket(BUCKET).send().await.unwrap();
    for (owner, grants) in [
        (object.owner(), object.grants()),
        (bucket.owner(), bucket.grants()),
    ] {
        let [grant] = grants else {
            panic!("{grants:?}");
        };
        assert_eq!(grant.permission(), Some(&Permission::FullControl));
        assert_eq!(grant.grantee().unwrap().id(), owner.unwrap().id());
    }
}

/// Losing tags, ACLs or storage classes would make it a different object.
#[tokio::test]
async fn tags_acls_and_storage_classes_are_refused_where_they_would_be_lost() {
    let stack = Stack::start().await;
    let put = || stack.client().put_object().bucket(BUCKET).key("k");
    for error in [
        put().tagging("a=b").send().await.unwrap_err(),
        put()
            .storage_class("GLACIER".into())
            .send()
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.code(), Some("NotImplemented"));
    }
    let error = put().acl("public-read".into()).send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessControlListNotSupported"));
    put()
        .acl("bucket-owner-full-control".into())
        .send()
        .await
        .unwrap();
}

/// s3cmd writes back the ACL that it has read, after it has moved an object.
#[tokio::test]
async fn an_acl_that_changes_nothing_is_taken() {
    let stack = Stack::start().await;
    put(&stack.client(), "k", b"x").await;
    let client = stack.client();
    let read = client.get_object_acl().bucket(BUCKET).key("k");
    let read = read.send().await.unwrap();
    let policy = AccessControlPolicy::builder()
        .set_owner(read.owner)
        .set_grants(read.grants);
    let write = || client.put_object_acl().bucket(BUCKET).key("k");
    let unchanged = write().access_control_policy(policy.build());
    unchanged.send().await.unwrap();
    let public = write().acl("public-read".into());
    let error = public.send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessControlListNotSupported"));
    let everybody = Grant::builder()
        .permission(Permission::Read)
        .grantee(
            Grantee::builder()
                .r#type("Group".into())
                .uri("http://acs.amazonaws.com/groups/global/AllUsers")
                .build()
                .unwrap(),
        )
        .build();
    let policy = AccessControlPolicy::builder().grants(everybody).build();
    let error = write().access_control_policy(policy).send().await;
    assert_eq!(
        error.unwrap_err().code(),
        Some("AccessControlListNotSupported")
    );
}

#[tokio::test]
async fn buckets_have_the_settings_of_new_buckets() {
    let stack = Stack::start().await;
    for (query, status, expected) in [
        ("accelerate", 200, "<AccelerateConfiguration"),
        ("acl", 200, "<Permission>FULL_CONTROL</Permission>"),
        ("cors", 404, "<Code>NoSuchCORSConfiguration</Code>"),
        ("encryption", 200, "<SSEAlgorithm>AES256</SSEAlgorithm>"),
        (
            "lifecycle",
            404,
            "<Code>NoSuchLifecycleConfiguration</Code>",
        ),
        ("location", 200, ">eu-central-1</LocationConstraint>"),
        ("logging", 200, "<BucketLoggingStatus"),
        (
            "object-lock",
            404,
            "<Code>ObjectLockConfigurationNotFoundError</Code>",
        ),
        ("ownershipControls", 200, "BucketOwnerEnforced"),
        (
            "policy",
            200,
            "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
        ),
        ("policyStatus", 200, "<IsPublic>false</IsPublic>"),
        (
            "publicAccessBlock",
            200,
            "<BlockPublicPolicy>true</BlockPublicPolicy>",
        ),
        (
            "replication",
            404,
            "<Code>ReplicationConfigurationNotFoundError</Code>",
        ),
        ("requestPayment", 200, "<Payer>BucketOwner</Payer>"),
        ("tagging", 404, "<Code>NoSuchTagSet</Code>"),
        ("versioning", 200, "<VersioningConfiguration"),
        ("website", 404, "<Code>NoSuchWebsiteConfiguration</Code>"),
        (
            "notification",
            501,
            "GetBucketNotificationConfiguration is not implemented",
        ),
    ] {
        let get = request("GET", &format!("/pictures?{query}"), b"");
        let response = stack.send(get, Signed::Header).await;
        assert_eq!(response.status, status, "{query}: {}", response.text());
        let text = response.text();
        assert!(text.contains(expected), "{query}: {text}");
        let get = request("GET", &format!("/no-such-bucket?{query}"), b"");
        let response = stack.send(get, Signed::Header).await;
        if status != 501 {
            assert_eq!(response.element("Code"), Some("NoSuchBucket"), "{query}");
        }
    }
}

#[tokio::test]
async fn attributes_of_objects() {
    let stack = Stack::start().await;
    put(&stack.client(), "k", b"hello").await;
    let attributes = stack
        .client()
        .get_object_attributes()
        .bucket(BUCKET)
        .key("k")
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::Checksum)
        .object_attributes(ObjectAttributes::ObjectSize)
        .send()
        .await
        .unwrap();
    // `s3s` writes quotes here, which S3 does not.
    let etag = attributes.e_tag().map(|etag| etag.trim_matches('"'));
    assert_eq!(etag, Some("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(attributes.object_size(), Some(5));
    assert!(attributes.checksum().is_some());
    assert!(attributes.storage_class().is_none());
}

#[tokio::test]
async fn a_bucket_of_another_owner_is_refused() {
    let stack = Stack::start().await;
    put(&stack.client(), "k", b"x").await;
    let client = stack.client();
    let get = |owner: &str| {
        let get = client.get_object().bucket(BUCKET).key("k");
        get.expected_bucket_owner(owner).send()
    };
    get("123456789012").await.unwrap();
    let error = get("210987654321").await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    let error = get("me").await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidBucketOwnerAWSAccountID"));
    let copy = client.copy_object().bucket(BUCKET).key("copy");
    let copy = copy.copy_source("pictures/k");
    let error = copy
        .expected_source_bucket_owner("210987654321")
        .send()
        .await;
    assert_eq!(error.unwrap_err().code(), Some("AccessDenied"));
}

/// Characters that XML 1.0 does not allow are references in listings, as in S3, and cannot be sent in a `DeleteObjects`.
#[tokio::test]
async fn control_characters_in_keys() {
    let stack = Stack::start().await;
    put(&stack.client(), "innocent", b"x").await;
    for key in ["a\u{1}b", "a\rb", "a\nb\tc", "a\u{ffff}b"] {
        put(&stack.client(), key, b"x").await;
    }
    for target in ["/pictures", "/pictures?list-type=2", "/pictures?versions"] {
        let list = stack
            .send(request("GET", target, b""), Signed::Header)
            .await;
        assert_eq!(list.status, 200, "{target}: {}", list.text());
        for key in ["a&#x1;b", "a&#13;b", "a\nb\tc", "a&#xffff;b", "innocent"] {
            assert!(
                list.text().contains(&format!("<Key>{key}</Key>")),
                "{target} {key:?}: {}",
                list.text()
            );
        }
    }
    let client = stack.client();
    let listed = client.list_objects_v2().bucket(BUCKET);
    let listed = listed.prefix("a\r").send().await.unwrap();
    assert_eq!(listed.contents()[0].key(), Some("a\rb"));

    for key in ["a&#x1;b", "a\u{1}b"] {
        let xml = format!(
            "<Delete><Object><Key>innocent</Key></Object><Object><Key>{key}</Key></Object></Delete>"
        );
        let response = post_xml(&stack, "/pictures?delete", xml).await;
        assert_eq!(
            (response.status.as_u16(), response.element("Code")),
            (400, Some("MalformedXML")),
            "{key:?}: {}",
            response.text()
        );
    }
    assert!(
        stack
            .store
            .read(BUCKET, "innocent", None)
            .await
            .unwrap()
            .is_some()
    );
    let xml = "<Delete><Object><Key>a&#13;b</Key></Object></Delete>".to_owned();
    let response = post_xml(&stack, "/pictures?delete", xml).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(response.element("Key"), Some("a&#13;b"));
    assert!(
        stack
            .store
            .read(BUCKET, "a\rb", None)
            .await
            .unwrap()
            .is_none()
    );
    let delete = client.delete_object().bucket(BUCKET).key("a\u{1}b");
    delete.send().await.unwrap();
}

async fn post_xml(stack: &Stack, target: &str, xml: String) -> support::raw::RawResponse {
    let mut post = request("POST", target, b"");
    let headers = post.headers_mut();
    headers.insert("content-length", xml.len().into());
    let md5 = {
        use s3s::crypto::{Checksum as _, Md5};
        BASE64.encode(Md5::checksum(xml.as_bytes()))
    };
    headers.insert("content-md5", md5.parse().unwrap());
    *post.body_mut() = Bytes::from(xml);
    stack.send(post, Signed::Header).await
}

/// s3cmd signs for the region `US` until a response names another.
#[tokio::test]
async fn a_signature_for_another_region_gets_the_right_region() {
    let stack = Stack::start().await;
    for signed in [Signed::Header, Signed::Query(Duration::ZERO)] {
        let mut get = request("GET", "/pictures/k", b"");
        add_signature(&mut get, signed, ADMIN);
        let (from, to) = ("/eu-central-1/s3/", "/US/s3/");
        if let Some(value) = get.headers_mut().get_mut("authorization") {
            *value = value.to_str().unwrap().replace(from, to).parse().unwrap();
        }
        let uri = get.uri().to_string();
        *get.uri_mut() = uri
            .replace(&from.replace('/', "%2F"), &to.replace('/', "%2F"))
            .parse()
            .unwrap();
        let response = stack.send_as_is(get).await;
        assert_eq!(response.status, 400, "{}", response.text());
        let code = match signed {
            Signed::Query(_) => "AuthorizationQueryParametersError",
            _ => "AuthorizationHeaderMalformed",
        };
        assert_eq!(response.element("Code"), Some(code));
        assert_eq!(response.element("Region"), Some("eu-central-1"));
        assert_eq!(response.header("x-amz-bucket-region"), Some("eu-central-1"));
        let message = response.element("Message").unwrap().replace("&apos;", "'");
        assert!(
            message.ends_with("the region 'US' is wrong; expecting 'eu-central-1'"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn what_is_not_signed_is_refused() {
    let stack = Stack::start().await;
    for signed in [Signed::Header, Signed::Query(Duration::ZERO)] {
        let mut get = request("PUT", "/pictures/k", b"x");
        add_signature(&mut get, signed, ADMIN);
        get.headers_mut()
            .insert("x-amz-meta-a", "b".parse().unwrap());
        let response = stack.send_as_is(get).await;
        assert_eq!(
            (response.status.as_u16(), response.element("Code")),
            (403, Some("AccessDenied"))
        );
        assert_eq!(response.element("HeadersNotSigned"), Some("x-amz-meta-a"));
    }
    let mut get = request("GET", "/pictures/k", b"");
    add_signature(&mut get, Signed::Header, ADMIN);
    let value = get.headers()["authorization"].to_str().unwrap();
    let value = value.replace("SignedHeaders=host;", "SignedHeaders=");
    get.headers_mut()
        .insert("authorization", value.parse().unwrap());
    let response = stack.send_as_is(get).await;
    assert_eq!(response.element("HeadersNotSigned"), Some("host"));
}

#[tokio::test]
async fn presigned_urls_last_a_week_at_most_and_version_2_is_over() {
    let stack = Stack::start().await;
    let mut get = request("GET", "/pictures/k", b"");
    add_signature(&mut get, Signed::Query(Duration::ZERO), ADMIN);
    let uri = get.uri().to_string();
    for (expires, message) in [
        ("604801", "must be less than a week"),
        ("-1", "must be non-negative"),
        ("x", "should be a number"),
    ] {
        let uri = uri.replace("X-Amz-Expires=60", &format!("X-Amz-Expires={expires}"));
        let response = stack.send_as_is(request("GET", &uri, b"")).await;
        assert_eq!(
            (response.status.as_u16(), response.element("Code")),
            (400, Some("AuthorizationQueryParametersError")),
            "{expires}"
        );
        assert!(response.element("Message").unwrap().contains(message));
    }
    let mut old = request("GET", "/pictures/k", b"");
    old.headers_mut().insert(
        "authorization",
        "AWS AKIAADMIN:c2lnbmF0dXJl".parse().unwrap(),
    );
    let query = "/pictures/k?AWSAccessKeyId=AKIAADMIN&Expires=1&Signature=x";
    for request in [old, request("GET", query, b"")] {
        let response = stack.send_as_is(request).await;
        assert_eq!(response.element("Code"), Some("InvalidRequest"));
        assert!(
            response
                .element("Message")
                .unwrap()
                .contains("AWS4-HMAC-SHA256")
        );
    }
}

/// A form that a browser posts, with a policy that allows keys below `up/`.
fn form(key: &str, content: &str) -> Request<Bytes> {
    let now = chrono::Utc::now();
    let date = now.format("%Y%m%d").to_string();
    let time = now.format("%Y%m%dT%H%M%SZ").to_string();
    let credential = format!("{}/{date}/eu-central-1/s3/aws4_request", ADMIN.0);
    let expiration = (now + chrono::TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ");
    let policy = BASE64.encode(format!(
        r#"{{"expiration":"{expiration}","conditions":[{{"bucket":"pictures"}},["starts-with","$key","up/"],
        ["content-length-range",1,10],{{"x-amz-algorithm":"AWS4-HMAC-SHA256"}},{{"x-amz-credential":"{credential}"}},
        {{"x-amz-date":"{time}"}}]}}"#
    ));
    let signing_key =
        aws_sigv4::sign::v4::generate_signing_key(ADMIN.1, now.into(), "eu-central-1", "s3");
    let signature = aws_sigv4::sign::v4::calculate_signature(signing_key, policy.as_bytes());
    let mut body = String::new();
    for (name, value) in [
        ("key", key),
        ("policy", &policy),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-credential", &credential),
        ("x-amz-date", &time),
        ("x-amz-signature", &signature),
    ] {
        let _ = write!(
            body,
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    let _ = write!(
        body,
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.txt\"\r\n\r\n{content}\r\n--b--\r\n"
    );
    let mut post = request("POST", "/pictures", b"");
    let headers = post.headers_mut();
    headers.insert(
        "content-type",
        "multipart/form-data; boundary=b".parse().unwrap(),
    );
    headers.insert("content-length", body.len().into());
    *post.body_mut() = Bytes::from(body);
    post
}

#[tokio::test]
async fn forms_are_held_to_their_policy() {
    let stack = Stack::start().await;
    let response = stack.send_as_is(form("up/k", "hello")).await;
    assert_eq!(response.status, 204, "{}", response.text());
    assert_eq!(
        stack.changes.events(),
        [("ObjectCreated:Post", "up/k".to_owned())]
    );
    let object = stack
        .store
        .read(BUCKET, "up/k", None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(object.version.size, 5);

    let response = stack.send_as_is(form("down/k", "hello")).await;
    assert_eq!(
        (response.status.as_u16(), response.element("Code")),
        (403, Some("AccessDenied")),
        "{}",
        response.text()
    );
    let message = response.element("Message").unwrap();
    assert!(
        message.starts_with("Invalid according to Policy"),
        "{message}"
    );
    let response = stack.send_as_is(form("up/k", "more than ten")).await;
    assert_eq!(response.element("Code"), Some("EntityTooLarge"));
    assert_eq!(stack.changes.all().len(), 1);
}
